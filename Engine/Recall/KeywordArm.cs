using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Memories;
using Npgsql;

namespace Engram.Engine.Recall;

/// <summary>
/// BM25 over our own postings. Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with the inverse
/// document frequency ln(1 + (N - n + 0.5) / (n + 0.5)), which is never negative. k1 = 1.2, b = 0.75. Statistics are the bucket's.
/// </summary>
internal static class KeywordArm
{
    // The query is reduced to lexemes by every configuration the buckets' memories were made with.
    public const string QueryLexemes = """
        select distinct l.lexeme
        from (select distinct unnest(languages) as language from buckets where tenant_id = $1 and (name = any($3) or id = any($4))) c
        cross join lateral unnest(to_tsvector(c.language::regconfig, $2)) l
        """;

    // The literals are float8 on purpose: "0.9 * lexeme_count" alone would be numeric, which costs more than all the rest. The index returns the postings
    // lexeme by lexeme, so the window needs no sort; k1 + 1 = 2.2, k1 (1 - b) = 0.3 and k1 b = 0.9.
    private const string Matches = """
        select x.memory_id, sum(
            ln(1 + ($4 - x.documents + 0.5) / (x.documents + 0.5)) * 2.2::float8 * x.tf / (x.tf + 0.3::float8 + 0.9::float8 * x.lexeme_count / $5)) as score
        from (
            select p.memory_id, p.tf, p.lexeme_count, count(*) over (partition by p.lexeme)::float8 as documents from postings p
            where p.tenant_id = $1 and p.bucket_id = $2 and p.lexeme = any($3)
        ) x
        """;

    private const string Best = " group by x.memory_id order by score desc, x.memory_id limit $6";

    public static void Add(TenantBatch batch, Tenant tenant, BucketScope bucket, string[] lexemes, MemoryFilter? filter, int limit)
    {
        List<NpgsqlParameter> parameters =
        [
            Sql.Uuid(tenant.Id), Sql.Uuid(bucket.Id), Sql.Texts(lexemes), Sql.Double(Math.Max(1, bucket.Memories)),
            Sql.Double(bucket.AverageLength), Sql.Int(limit),
        ];
        var condition = MemoryFilterSql.Append(filter, parameters);
        var sql = condition.Length == 0
            ? Matches + Best
            : Matches + " join memories m on m.tenant_id = $1 and m.id = x.memory_id where m.status = 'stored'" + condition + Best;
        batch.Add(sql, [.. parameters]);
    }
}
