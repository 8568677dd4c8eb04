using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Embeddings;
using Engram.Engine.Lanes;
using Engram.Engine.Latency;
using Engram.Engine.Memories;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.Recall;

/// <summary>
/// The read path: three arms at once, fused, and only the best memories fetched. An arm that fails or is too slow becomes a warning; the others
/// answer.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="embedder">The sentence encoder.</param>
/// <param name="own">Vectors of the tenant's own model.</param>
/// <param name="lanes">Bounds how many queries run at once.</param>
/// <param name="options">Weights and limits.</param>
/// <param name="log">Names an arm that failed.</param>
public sealed class Recall(TenantDb db, OnnxEmbedder embedder, OwnEmbeddings own, WorkLanes lanes, IOptions<RecallOptions> options, ILogger<Recall> log)
{
    private const int MaxFactsReturned = 20;
    private const double MinKnownShare = 0.5;

    private const string Hydrate = $"""
        select {MemoryReader.Columns} from memories m where m.tenant_id = $1 and m.id = any($2) and m.status = 'stored'
        """;

    private readonly RecallOptions _options = options.Value;

    /// <summary>Retrieves.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="request">What.</param>
    /// <param name="timer">Gets the hops <c>embed</c>, <c>db-read</c> by arm and <c>retrieval-fuse</c>.</param>
    /// <param name="cancellationToken">Cancels every arm.</param>
    /// <exception cref="EngramException">The request is wrong, names an unknown bucket, or too many queries are under way.</exception>
    public async Task<RecallResult> QueryAsync(Tenant tenant, RecallRequest request, OpTimer timer, CancellationToken cancellationToken = default)
    {
        request.Check();
        using var stay = new LaneStay(await lanes.EnterAsync(OpClass.Query, tenant, timer, cancellationToken));
        // Both are short; the database works while the encoder does.
        var scopesTask = ReadScopesAsync(tenant, request, timer, cancellationToken);
        float[] vector;
        using (timer.Measure(Hop.Embed))
            vector = await embedder.EmbedAsync(request.Query, cancellationToken);
        var (scopes, lexemes) = await scopesTask;

        var run = new ArmRun(tenant, request, scopes, timer, cancellationToken);
        var keyword = RunArmAsync(run, RecallArm.Keyword, ct => KeywordAsync(run, lexemes, ct));
        var graph = RunArmAsync(run, RecallArm.Graph, ct => GraphAsync(run, ct));
        var ownVector = OwnVectorAsync(run);
        if (!ownVector.IsCompleted)
        {
            await Task.WhenAll(keyword, graph);
            await lanes.StepOutAsync(OpClass.Query, stay, ownVector, timer, cancellationToken);
        }

        var (searched, model) = await ownVector ?? (vector, embedder.ModelId);
        var nearest = RunArmAsync(run, RecallArm.Vector, ct => VectorAsync(run, searched, model, ct));
        await Task.WhenAll(keyword, nearest, graph);

        using var fuse = timer.Measure(Hop.RetrievalFuse);
        var fused = await FuseAsync(run, await keyword, await nearest, await graph, cancellationToken);
        var hits = await HydrateAsync(run, fused.Best, cancellationToken);
        var facts = run.Facts.OrderByDescending(f => f.Weight).DistinctBy(f => (f.Subject, f.Predicate, f.Object, f.Negated)).Take(MaxFactsReturned).ToArray();
        return new RecallResult(hits, facts, [.. run.Entities.OrderByDescending(e => e.Score).DistinctBy(e => (e.Entity, e.BucketName))], run.Warnings, fused.Candidates);
    }

    private async Task<(List<BucketScope> Scopes, string[] Lexemes)> ReadScopesAsync(
        Tenant tenant, RecallRequest request, OpTimer timer, CancellationToken cancellationToken)
    {
        using var hop = timer.Measure(Hop.DbRead, "buckets");
        await using var batch = BucketScope.AddTo(db.Batch(tenant), tenant, request.Buckets.Select(b => b.Bucket));
        var ids = request.Buckets.Select(b => Guid.TryParse(b.Bucket, out var id) ? id : Guid.Empty).Where(id => id != Guid.Empty);
        batch.Add(
            KeywordArm.QueryLexemes, Sql.Uuid(tenant.Id), Sql.Text(request.Query), Sql.Texts([.. request.Buckets.Select(b => b.Bucket)]), Sql.Uuids([.. ids]));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var scopes = await BucketScope.ReadAsync(reader, cancellationToken);
        foreach (var wanted in request.Buckets)
        {
            if (!scopes.Exists(s => Names(s, wanted)))
                throw EngramException.NoBucket(wanted.Bucket);
        }

        await reader.NextResultAsync(cancellationToken);
        var lexemes = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
            lexemes.Add(reader.GetString(0));
        return (scopes, [.. lexemes]);
    }

    private async Task<Ranking> RunArmAsync(ArmRun run, RecallArm arm, Func<CancellationToken, Task<Ranking>> work)
    {
        using var hop = run.Timer.Measure(Hop.DbRead, NameOf(arm));
        using var budget = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation);
        budget.CancelAfter(_options.ArmBudgetMs);
        try
        {
            return await work(budget.Token);
        }
        catch (Exception e) when ((e is OperationCanceledException or NpgsqlException or TimeoutException) && !run.Cancellation.IsCancellationRequested)
        {
            log.ArmFailed(NameOf(arm), e.GetType().Name, (e as PostgresException)?.SqlState);
            var why = e is OperationCanceledException ? $"took longer than its {_options.ArmBudgetMs} ms" : "failed";
            run.Warn($"The {NameOf(arm)} arm {why}; the result comes from the other arms.");
            return new Ranking(arm, []);
        }
    }

    private async Task<Ranking> KeywordAsync(ArmRun run, string[] lexemes, CancellationToken cancellationToken)
    {
        if (lexemes.Length == 0)
            return new Ranking(RecallArm.Keyword, []);
        await using var batch = db.Batch(run.Tenant);
        foreach (var scope in run.Scopes)
            KeywordArm.Add(batch, run.Tenant, scope, lexemes, run.Request.Filter, _options.Candidates);
        return await ReadRankingAsync(RecallArm.Keyword, batch, run, skip: 0, cancellationToken);
    }

    /// <summary>
    /// The query's vector by the tenant's own model, where every bucket asked is searched by it: similarities of two models are never mixed. Null
    /// for the local encoder's.
    /// </summary>
    private async Task<(float[] Vector, string Model)?> OwnVectorAsync(ArmRun run)
    {
        var filled = run.Scopes.Where(s => s.Memories > 0).Select(s => s.OwnModel).Distinct().ToArray();
        if (filled is not [{ } space])
            return null;
        try
        {
            var (vector, why) = await own.ForQueryAsync(run.Tenant, space, run.Request.Query, run.Request.KeyId, run.Timer, run.Cancellation);
            if (why is not null)
                run.Warn($"Your own embedding model gave no vector for this query, so the local encoder's vectors were searched instead. {why}");
            return vector is null ? null : (vector, space);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            log.ArmFailed("own vector", e.GetType().Name, (e as PostgresException)?.SqlState);
            run.Warn("Your own embedding model's settings could not be read, so the local encoder's vectors were searched instead.");
            return null;
        }
    }

    private async Task<Ranking> VectorAsync(ArmRun run, float[] vector, string model, CancellationToken cancellationToken)
    {
        // Of a script the encoder was not trained on it sees nothing: every such text would be as near as any other.
        if (model == embedder.ModelId && embedder.KnownShare(run.Request.Query) < MinKnownShare)
        {
            run.Warn("The sentence encoder cannot read this query's script; the result comes from the keyword and graph arms.");
            return new Ranking(RecallArm.Vector, []);
        }

        await using var batch = db.Batch(run.Tenant);
        var indexed = run.Scopes.Exists(s => s.IndexOf(model) is not null);
        if (indexed)
            batch.Add(VectorSql.IndexSettings, Sql.Text(_options.EfSearch.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        foreach (var scope in run.Scopes)
            VectorArm.Add(batch, run.Tenant, scope, vector, model, run.Request.Filter, _options.Candidates);
        return await ReadRankingAsync(RecallArm.Vector, batch, run, skip: indexed ? 1 : 0, cancellationToken);
    }

    private async Task<Ranking> GraphAsync(ArmRun run, CancellationToken cancellationToken)
    {
        var names = QueryEntities.In(run.Request.Query);
        if (names.Count == 0)
            return new Ranking(RecallArm.Graph, []);
        var stems = GraphArm.Stems(run.Request.Query);
        await using var batch = db.Batch(run.Tenant);
        foreach (var scope in run.Scopes)
            GraphArm.Add(batch, run.Tenant, scope, [.. names.Keys], run.Request.Filter, run.Request.AsOf);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var best = new Dictionary<Guid, double>();
        for (var i = 0; i < run.Scopes.Count; i++)
        {
            if (i > 0)
                await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                run.Entities.Add(new EntityMatch(reader.GetString(0), run.Scopes[i].Name, (double)names[reader.GetString(1)] / Math.Max(1, stems.Count)));
            await reader.NextResultAsync(cancellationToken);
            run.Facts.AddRange(await GraphArm.ReadAsync(reader, run.Scopes[i], stems, run.Request.AsOf is null, cancellationToken));
        }

        foreach (var fact in run.Facts)
            best[fact.MemoryId] = Math.Max(best.GetValueOrDefault(fact.MemoryId), fact.Weight);
        foreach (var fact in run.Facts)
            run.BucketOf[fact.MemoryId] = fact.BucketId;
        return new Ranking(
            RecallArm.Graph,
            [.. best.OrderByDescending(b => b.Value).ThenBy(b => b.Key).Take(_options.Candidates).Select(b => (b.Key, b.Value))]);
    }

    private static async Task<Ranking> ReadRankingAsync(RecallArm arm, TenantBatch batch, ArmRun run, int skip, CancellationToken cancellationToken)
    {
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (var i = 0; i < skip; i++)
            await reader.NextResultAsync(cancellationToken);
        var scores = new List<(Guid Memory, double Score)>();
        for (var i = 0; i < run.Scopes.Count; i++)
        {
            if (i > 0)
                await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var memory = reader.GetGuid(0);
                scores.Add((memory, reader.GetDouble(1)));
                run.BucketOf[memory] = run.Scopes[i].Id;
            }
        }

        if (run.Scopes.Count > 1)
            scores = [.. scores.OrderByDescending(s => s.Score).ThenBy(s => s.Memory)];
        return new Ranking(arm, scores);
    }

    private async Task<(IReadOnlyList<RankedMemory> Best, int Candidates)> FuseAsync(
        ArmRun run, Ranking keyword, Ranking vector, Ranking graph, CancellationToken cancellationToken)
    {
        Ranking[] rankings = [keyword, vector, graph];
        var fused = _options.Fusion == FusionMethod.Score
            ? RankFusion.Score(rankings, WeightOf)
            : RankFusion.ReciprocalRank(rankings, WeightOf, _options.RankConstant);
        if (_options.ContextWeight > 0 && fused.Count > 0)
            fused = RunContext.Raise(fused, await NeighboursAsync(run, fused, cancellationToken), _options.ContextWeight);
        var queries = run.Scopes.ToDictionary(s => s.Id, s => run.Request.Buckets.First(b => Names(s, b)));
        return (RankedMemory.Select(fused, run.Request, queries, m => run.BucketOf[m]), fused.Count);
    }

    private async Task<List<(Guid Candidate, Guid Neighbour)>> NeighboursAsync(
        ArmRun run, IReadOnlyList<FusedMemory> fused, CancellationToken cancellationToken)
    {
        var neighbours = new List<(Guid, Guid)>();
        await using var batch = db.Batch(run.Tenant);
        RunContext.Add(batch, run.Tenant, [.. fused.Take(RunContext.Raising).Select(f => f.Memory)], run.Request.Filter);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            neighbours.Add((reader.GetGuid(0), reader.GetGuid(1)));
            run.BucketOf[reader.GetGuid(1)] = reader.GetGuid(2);
        }

        return neighbours;
    }

    private async Task<IReadOnlyList<RecallHit>> HydrateAsync(ArmRun run, IReadOnlyList<RankedMemory> best, CancellationToken cancellationToken)
    {
        if (best.Count == 0)
            return [];
        var found = new Dictionary<Guid, Memory>(best.Count);
        await using (var batch = db.Batch(run.Tenant).Add(Hydrate, Sql.Uuid(run.Tenant.Id), Sql.Uuids([.. best.Select(b => b.Fused.Memory)])))
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var memory = MemoryReader.Read(reader);
                found[memory.Id] = memory;
            }
        }

        // A memory deleted since the arms ran is simply not there any more.
        var names = run.Scopes.ToDictionary(s => s.Id, s => s.Name);
        return
        [
            .. best.Where(b => found.ContainsKey(b.Fused.Memory)).Select(b =>
            {
                var memory = found[b.Fused.Memory];
                return new RecallHit(memory, names[memory.BucketId], b.Fused.Score, b.Weight, b.Fused.Keyword, b.Fused.Vector, b.Fused.Graph) { RaisedBy = b.Fused.RaisedBy };
            }),
        ];
    }

    private double WeightOf(RecallArm arm) => arm switch
    {
        RecallArm.Keyword => _options.KeywordWeight,
        RecallArm.Vector => _options.VectorWeight,
        _ => _options.GraphWeight,
    };

    private static bool Names(BucketScope scope, BucketQuery wanted) => scope.Name == wanted.Bucket || string.Equals(scope.Id.ToString(), wanted.Bucket, StringComparison.OrdinalIgnoreCase);

    private static string NameOf(RecallArm arm) => arm switch
    {
        RecallArm.Keyword => "keyword",
        RecallArm.Vector => "vector",
        _ => "graph",
    };
}
