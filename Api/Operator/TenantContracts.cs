using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Engram.Engine.Accounts;

namespace Engram.Api.Operator;

public sealed record CreateTenantRequest
{
    [Description("What the tenant is called; need not be unique."), StringLength(Tenants.MaxNameLength, MinimumLength = 1)]
    public required string Name { get; init; }

    [Description("Its plan: free (the default), or one of the deployment's own."), StringLength(50, MinimumLength = 1)]
    public string? Plan { get; init; }
}

/// <summary>A tenant just made. <c>key</c> and <c>setup_token</c> are shown this once and cannot be had again.</summary>
public sealed record CreatedTenantView(Guid Id, string Name, string Plan, DateTimeOffset CreatedAt, string Key, Guid KeyId, string SetupToken)
{
    public static CreatedTenantView From(NewTenant made) => new(
        made.Info.Id, made.Info.Name, made.Info.Plan, made.Info.CreatedAt, made.Key, made.KeyId, made.SetupToken);
}

/// <summary>Tenants, newest first.</summary>
public sealed record TenantList(IReadOnlyList<TenantInfo> Tenants);
