using System.Globalization;
using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Recall;

/// <summary>
/// SQL of a nearest-neighbour scan of one bucket. Below the crossover it is an exact scan of the bucket's own key range; above, the bucket has a
/// partial HNSW index of its own, so that the scan never walks another bucket's vectors only to filter them away.
/// </summary>
internal static class VectorSql
{
    /// <summary>Settings of an approximate scan; they hold for the batch's transaction.</summary>
    public const string IndexSettings = "select set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', $1, true)";

    /// <summary>The distance of a row <c>v</c> to the query in $1: the index is on the vector cast to its dimensions. The query is cast once, not once a row.</summary>
    public static string Distance(int dimensions) =>
        string.Create(CultureInfo.InvariantCulture, $"(v.embedding::halfvec({dimensions}) <=> (select $1::real[]::halfvec))");

    /// <summary>
    /// The scan's condition. For a bucket with an index of its own, tenant, bucket and model stand as literals (uuids and a quoted name of ours,
    /// never input as it came: <see cref="Engine.Providers.VectorSpace"/>), so that the planner can prove the index's predicate under a generic plan too; otherwise they are parameters, so that all
    /// buckets share one prepared statement.
    /// </summary>
    public static string Predicate(Tenant tenant, BucketScope bucket, string model, List<NpgsqlParameter> parameters)
    {
        if (bucket.IndexOf(model) is not null)
            return IndexPredicate("v.", tenant, bucket.Id, model);
        parameters.AddRange([Sql.Uuid(tenant.Id), Sql.Uuid(bucket.Id), Sql.Text(model)]);
        var last = parameters.Count;
        return string.Create(CultureInfo.InvariantCulture, $"v.tenant_id = ${last - 2} and v.bucket_id = ${last - 1} and v.model = ${last}");
    }

    /// <summary>The predicate of a bucket's own index, with literals.</summary>
    public static string IndexPredicate(string prefix, Tenant tenant, Guid bucket, string model) =>
        $"{prefix}tenant_id = '{tenant.Id}'::uuid and {prefix}bucket_id = '{bucket}'::uuid and {prefix}model = '{model.Replace("'", "''", StringComparison.Ordinal)}'";
}
