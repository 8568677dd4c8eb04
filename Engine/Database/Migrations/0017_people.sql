-- Invitations to a tenant: the link is shown once to whoever invites, and only its hash is kept.
create table engram.invitations (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    id uuid not null,
    email text not null,
    role text not null check (role in ('owner', 'admin', 'viewer')),
    token_hash bytea not null,
    invited_by text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    primary key (tenant_id, id)
);
create unique index invitations_token on engram.invitations (token_hash);
create unique index invitations_open on engram.invitations (tenant_id, lower(email)) where accepted_at is null;
call engram.protect_tenant_table('engram.invitations', true);

-- Sessions are listed and ended by person.
create index api_keys_sessions on engram.api_keys (tenant_id, user_id) where kind = 'session';
