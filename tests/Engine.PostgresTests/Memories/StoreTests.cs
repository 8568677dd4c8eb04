using System.Text.Json;
using Engram.Engine.Memories;

namespace Engram.Engine.PostgresTests.Memories;

public sealed class StoreTests(EngineFixture engine)
{
    [Fact]
    public async Task A_memory_is_found_by_keyword_and_by_vector_when_the_receipt_arrives()
    {
        var tenant = await engine.NewTenantAsync();
        var receipt = await engine.StoreAsync(tenant, "Melanie painted a sunrise over the lake last weekend.");
        var result = await engine.Recall.QueryAsync(
            tenant, new Engine.Recall.RecallRequest { Query = "painted sunrise" }, EngineFixture.Timer, TestContext.Current.CancellationToken);
        var hit = Assert.Single(result.Hits);
        Assert.Equal(receipt.MemoryId, hit.Memory.Id);
        Assert.Equal(1, hit.Keyword?.Rank);
        Assert.Equal(1, hit.Vector?.Rank);
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public async Task An_equal_text_is_merged_whatever_its_white_space()
    {
        var tenant = await engine.NewTenantAsync();
        var first = await engine.StoreAsync(tenant, "I am allergic to  peanuts.");
        var second = await engine.StoreAsync(tenant, " I am allergic to peanuts.\n");
        Assert.Equal(StoreStatus.Merged, second.Status);
        Assert.Equal(MergeReason.ContentHash, second.MergeReason);
        Assert.Equal(first.MemoryId, second.DedupedInto);
        Assert.Equal(1, (await engine.Reader.ListAsync(tenant, "default", 10, 0, null, null, EngineFixture.Timer, TestContext.Current.CancellationToken)).Total);
        // The other wording is kept, so nothing that was acknowledged is lost.
        var detail = await engine.Reader.GetAsync(tenant, "default", first.MemoryId, EngineFixture.Timer, TestContext.Current.CancellationToken);
        Assert.Equal(" I am allergic to peanuts.\n", Assert.Single(detail.History).Content);
    }

    [Fact]
    public async Task The_same_text_of_another_user_is_another_memory()
    {
        var tenant = await engine.NewTenantAsync();
        foreach (var user in new[] { "ann", "bob" })
        {
            var receipt = await engine.Memories.StoreAsync(
                tenant, "default", new NewMemory { Content = "I drink my coffee black.", UserId = user }, new StoreOptions(), EngineFixture.Timer,
                TestContext.Current.CancellationToken);
            Assert.Equal(StoreStatus.Stored, receipt.Status);
        }
    }

    [Fact]
    public async Task Texts_in_a_script_that_the_encoder_does_not_know_are_not_near_duplicates()
    {
        var tenant = await engine.NewTenantAsync();
        await engine.StoreAsync(tenant, "我喜欢猫", dedup: DedupPolicy.Loose);
        var second = await engine.StoreAsync(tenant, "他住在北京", dedup: DedupPolicy.Loose);
        Assert.Equal(StoreStatus.Stored, second.Status);
    }

    [Fact]
    public async Task With_dedup_off_an_equal_text_is_stored_again()
    {
        var tenant = await engine.NewTenantAsync();
        await engine.StoreAsync(tenant, "Thanks!", dedup: DedupPolicy.Off);
        var second = await engine.StoreAsync(tenant, "Thanks!", dedup: DedupPolicy.Off);
        Assert.Equal(StoreStatus.Stored, second.Status);
    }

    [Theory]
    [InlineData("The door code of the office is 4711.", "The door code of the office is 4712.")]
    [InlineData("My sister Anna lives in Berlin now.", "My sister Hanna lives in Berlin now.")]
    [InlineData("I eat meat on most days of the week.", "I do not eat meat on most days of the week.")]
    public async Task Texts_that_differ_in_a_number_a_name_or_a_negation_are_never_merged(string first, string second)
    {
        var tenant = await engine.NewTenantAsync();
        await engine.StoreAsync(tenant, first);
        var receipt = await engine.StoreAsync(tenant, second, dedup: DedupPolicy.Loose);
        Assert.Equal(StoreStatus.Stored, receipt.Status);
    }

    [Fact]
    public async Task A_near_duplicate_is_merged_by_the_loose_policy_and_its_wording_kept()
    {
        var tenant = await engine.NewTenantAsync();
        var first = await engine.StoreAsync(tenant, "I really like to drink a cup of green tea in the morning.");
        var second = await engine.StoreAsync(tenant, "I really like to drink a cup of green tea in the mornings.", dedup: DedupPolicy.Loose);
        Assert.Equal(StoreStatus.Merged, second.Status);
        Assert.Equal(MergeReason.EmbeddingSimilarity, second.MergeReason);
        Assert.InRange(second.Similarity!.Value, DuplicateFinder.LooseThreshold, 1);
        var detail = await engine.Reader.GetAsync(tenant, "default", first.MemoryId, EngineFixture.Timer, TestContext.Current.CancellationToken);
        Assert.Equal("merged", Assert.Single(detail.History).Change);
    }

    [Fact]
    public async Task Fifty_equal_stores_at_once_make_one_memory_and_fifty_receipts()
    {
        var tenant = await engine.NewTenantAsync();
        var receipts = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => engine.StoreAsync(tenant, "The build is green again.", "new-bucket")));
        Assert.Single(receipts.Select(r => r.MemoryId).Distinct());
        Assert.Single(receipts, r => r.Status == StoreStatus.Stored);
    }

    [Fact]
    public async Task Fifty_different_stores_at_once_are_all_kept_and_counted()
    {
        var tenant = await engine.NewTenantAsync();
        var receipts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => engine.StoreAsync(tenant, $"Ticket number {i} was closed by team {i * 7}.", "tickets")));
        Assert.All(receipts, r => Assert.Equal(StoreStatus.Stored, r.Status));
        var bucket = Assert.Single(await engine.Buckets.ListAsync(tenant, EngineFixture.Timer, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(50, bucket.MemoryCount);
    }

    [Fact]
    public async Task A_batch_tells_of_each_memory_and_stores_the_good_ones()
    {
        var tenant = await engine.NewTenantAsync();
        NewMemory[] batch =
        [
            new() { Content = "Ann moved to Lisbon." }, new() { Content = "  " }, new() { Content = "Ann moved to Lisbon." },
            new() { Content = "Bob plays chess.", Language = "klingon!" },
        ];
        var outcomes = await engine.Memories.StoreAsync(tenant, "default", batch, new StoreOptions(), EngineFixture.Timer, TestContext.Current.CancellationToken);
        Assert.Equal(StoreStatus.Stored, outcomes[0].Receipt!.Status);
        Assert.Equal("memories[1].content", outcomes[1].Failure!.Field);
        Assert.Equal(outcomes[0].Receipt!.MemoryId, outcomes[2].Receipt!.DedupedInto);
        Assert.Equal("memories[3].language", outcomes[3].Failure!.Field);
    }

    [Fact]
    public async Task A_repeated_idempotency_key_gets_the_first_answer_and_stores_nothing()
    {
        var tenant = await engine.NewTenantAsync();
        var options = new StoreOptions(IdempotencyKey: "retry-1");
        NewMemory[] batch = [new() { Content = "Order 66 was shipped.", Dedup = DedupPolicy.Off }, new() { Content = "" }];
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            engine.Memories.StoreAsync(tenant, "default", batch, options, EngineFixture.Timer, TestContext.Current.CancellationToken)));
        Assert.Single(answers.Select(a => a[0].Receipt).Distinct());
        Assert.All(answers, a => Assert.Equal("memories[1].content", a[1].Failure!.Field));
        Assert.Equal(1, (await engine.Reader.ListAsync(tenant, "default", 10, 0, null, null, EngineFixture.Timer, TestContext.Current.CancellationToken)).Total);

        var other = await Assert.ThrowsAsync<EngramException>(() => engine.Memories.StoreAsync(
            tenant, "default", [new NewMemory { Content = "Something else." }], options, EngineFixture.Timer, TestContext.Current.CancellationToken));
        Assert.Equal(FailureKind.IdempotencyConflict, other.Kind);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_happen_and_changes_nothing()
    {
        var tenant = await engine.NewTenantAsync();
        var receipt = await engine.Memories.StoreAsync(
            tenant, "ideas", new NewMemory { Content = "Try a standing desk." }, new StoreOptions(DryRun: true), EngineFixture.Timer, TestContext.Current.CancellationToken);
        Assert.Equal(StoreStatus.Stored, receipt.Status);
        Assert.Empty(await engine.Buckets.ListAsync(tenant, EngineFixture.Timer, cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_undo_token_takes_a_store_back_but_not_after_an_edit()
    {
        var tenant = await engine.NewTenantAsync();
        var (kept, undone) = (await engine.StoreAsync(tenant, "Keep me."), await engine.StoreAsync(tenant, "A slip of the tongue."));
        await engine.Memories.UndoAsync(tenant, "default", undone.UndoToken!, engine.Removal, EngineFixture.Timer, TestContext.Current.CancellationToken);
        await engine.Editor.EditAsync(
            tenant, "default", kept.MemoryId, new MemoryEdit("Keep me, edited.", default, null), null, EngineFixture.Timer, TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<EngramException>(() =>
            engine.Memories.UndoAsync(tenant, "default", kept.UndoToken!, engine.Removal, EngineFixture.Timer, TestContext.Current.CancellationToken));
        Assert.Equal(FailureKind.Conflict, refused.Kind);
    }

    public static TheoryData<NewMemory, FailureKind, string> Bad => new()
    {
        { new NewMemory { Content = "" }, FailureKind.InvalidRequest, "content" },
        { new NewMemory { Content = "a\0b" }, FailureKind.InvalidRequest, "content" },
        { new NewMemory { Content = "half \ud83d" }, FailureKind.InvalidRequest, "content" },
        { new NewMemory { Content = new string('x', 65_537) }, FailureKind.PayloadTooLarge, "content" },
        { new NewMemory { Content = "x", UserId = new string('u', 257) }, FailureKind.InvalidRequest, "user_id" },
        { new NewMemory { Content = "x", Categories = ["ok", " "] }, FailureKind.InvalidRequest, "categories[1]" },
        { new NewMemory { Content = "x", Language = "not a language" }, FailureKind.InvalidRequest, "language" },
        { new NewMemory { Content = "x", Metadata = Json("[1]") }, FailureKind.InvalidRequest, "metadata" },
        { new NewMemory { Content = "x", Metadata = Json("""{"a":"\u0000"}""") }, FailureKind.InvalidRequest, "metadata.a" },
        { new NewMemory { Content = "x", Metadata = Json("""{"a":["\ud800"]}""") }, FailureKind.InvalidRequest, "metadata.a[0]" },
        { new NewMemory { Content = "x", Metadata = Json($$"""{"a":"{{new string('y', 17_000)}}"}""") }, FailureKind.PayloadTooLarge, "metadata" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Bad_input_is_refused_by_field(NewMemory memory, FailureKind kind, string field)
    {
        var tenant = await engine.NewTenantAsync();
        var refused = await Assert.ThrowsAsync<EngramException>(() =>
            engine.Memories.StoreAsync(tenant, "default", memory, new StoreOptions(), EngineFixture.Timer, TestContext.Current.CancellationToken));
        Assert.Equal((kind, field), (refused.Kind, refused.Field));
    }

    [Fact]
    public async Task A_long_text_is_found_by_the_vector_of_any_of_its_parts()
    {
        var tenant = await engine.NewTenantAsync();
        var filler = string.Join(' ', Enumerable.Range(0, 120).Select(i => $"Paragraph {i} talks about the weather and the traffic of the day."));
        await engine.StoreAsync(tenant, filler + " Grandmother's secret ingredient for the apple pie is cardamom. " + filler);
        var result = await engine.Recall.QueryAsync(
            tenant, new Engine.Recall.RecallRequest { Query = "what spice goes into grandma's pie?" }, EngineFixture.Timer, TestContext.Current.CancellationToken);
        Assert.True(Assert.Single(result.Hits).Vector?.Score > 0.25);
    }

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;
}
