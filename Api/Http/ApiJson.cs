using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Engram.Api.Account;
using Engram.Api.Buckets;
using Engram.Api.Memories;
using Engram.Api.Operator;
using Engram.Api.Recall;
using Engram.Engine.Graph;
using Engram.Engine.Latency;

namespace Engram.Api.Http;

/// <summary>Everything that goes over the wire, with serializers made at build time. Names are snake_case, absent values are left out.</summary>
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(MeResponse))]
[JsonSerializable(typeof(KeyList))]
[JsonSerializable(typeof(KeyWithSecret))]
[JsonSerializable(typeof(CreateKeyRequest))]
[JsonSerializable(typeof(RollKeyRequest))]
[JsonSerializable(typeof(SetupRequest))]
[JsonSerializable(typeof(SetupResponse))]
[JsonSerializable(typeof(SignInRequest))]
[JsonSerializable(typeof(OidcSignInRequest))]
[JsonSerializable(typeof(SessionResponse))]
[JsonSerializable(typeof(MemberList))]
[JsonSerializable(typeof(InviteRequest))]
[JsonSerializable(typeof(InvitationWithToken))]
[JsonSerializable(typeof(ChangeMemberRequest))]
[JsonSerializable(typeof(AcceptInvitationRequest))]
[JsonSerializable(typeof(SwitchTenantRequest))]
[JsonSerializable(typeof(SessionList))]
[JsonSerializable(typeof(MyTenants))]
[JsonSerializable(typeof(PlanUsageView))]
[JsonSerializable(typeof(DailyUsageView))]
[JsonSerializable(typeof(JobList))]
[JsonSerializable(typeof(JobsRetried))]
[JsonSerializable(typeof(Engram.Engine.Extraction.QueueDepth))]
[JsonSerializable(typeof(CatalogueView))]
[JsonSerializable(typeof(ProviderList))]
[JsonSerializable(typeof(ConnectionView))]
[JsonSerializable(typeof(CreateProviderRequest))]
[JsonSerializable(typeof(RotateProviderRequest))]
[JsonSerializable(typeof(UpdateProviderRequest))]
[JsonSerializable(typeof(TestProviderRequest))]
[JsonSerializable(typeof(ProviderTestView))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(RoleModelView))]
[JsonSerializable(typeof(SetModelRequest))]
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(AuditEntryView))]
[JsonSerializable(typeof(FaultPage))]
[JsonSerializable(typeof(FaultView))]
[JsonSerializable(typeof(CallPage))]
[JsonSerializable(typeof(CallView))]
[JsonSerializable(typeof(BudgetsView))]
[JsonSerializable(typeof(SetBudgetsRequest))]
[JsonSerializable(typeof(LatencyView))]
[JsonSerializable(typeof(BreakdownView))]
[JsonSerializable(typeof(PublicLatencyView))]
[JsonSerializable(typeof(OperationPage))]
[JsonSerializable(typeof(RecordedOperation))]
[JsonSerializable(typeof(AppendSmokeRequest))]
[JsonSerializable(typeof(SmokeRun))]
[JsonSerializable(typeof(SmokeRunPage))]
[JsonSerializable(typeof(SmokeRunDetail))]
[JsonSerializable(typeof(SmokePoints))]
[JsonSerializable(typeof(CreateTenantRequest))]
[JsonSerializable(typeof(CreatedTenantView))]
[JsonSerializable(typeof(TenantList))]
[JsonSerializable(typeof(CreateBucketRequest))]
[JsonSerializable(typeof(DescribeBucketRequest))]
[JsonSerializable(typeof(BucketView))]
[JsonSerializable(typeof(BucketList))]
[JsonSerializable(typeof(RouterBucketList))]
[JsonSerializable(typeof(ProfileView))]
[JsonSerializable(typeof(EntityPage))]
[JsonSerializable(typeof(EntityGraph))]
[JsonSerializable(typeof(StoreRequest))]
[JsonSerializable(typeof(ReceiptView))]
[JsonSerializable(typeof(ReceiptList))]
[JsonSerializable(typeof(MemoryPageView))]
[JsonSerializable(typeof(MemoryDetailView))]
[JsonSerializable(typeof(EditRequest))]
[JsonSerializable(typeof(UndoRequest))]
[JsonSerializable(typeof(ClearResult))]
[JsonSerializable(typeof(QueryRequest))]
[JsonSerializable(typeof(QueryResponse))]
[JsonSerializable(typeof(AnswerValue))]
[JsonSerializable(typeof(StreamChunk))]
[JsonSerializable(typeof(StreamError))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonNode))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>The context with the wire's options.</summary>
    public static ApiJson Wire { get; } = new(Configure(new JsonSerializerOptions()));

    /// <summary>Sets the wire's rules: the framework serializes some results with options of its own.</summary>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.RespectNullableAnnotations = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));

        // The answers are application/json, never inside HTML: text stays readable, and short.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return options;
    }
}
