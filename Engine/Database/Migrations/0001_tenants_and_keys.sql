-- Tenants, the people who manage them, and their API keys.
-- The Migrator has already made the roles engram_app (tenant rows, under row level security) and engram_system (keys, queue, roll-ups).

create extension if not exists vector with schema public;
create extension if not exists pgcrypto with schema public;

grant usage on schema engram to engram_app, engram_system;

-- Puts a tenant table under forced row level security, with the one policy every tenant table has, and hands out its grants.
-- current_setting(..., true) is '' or null when nothing was set: then no row is visible, and none can be written.
create procedure engram.protect_tenant_table(target regclass, system_access boolean)
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format($policy$create policy tenant_isolation on %s to engram_app
        using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
        with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))$policy$, target);
    execute format('grant select, insert, update, delete on %s to engram_app', target);
    if system_access then
        execute format('create policy system_access on %s to engram_system using (true) with check (true)', target);
        execute format('grant select, insert, update, delete on %s to engram_system', target);
    end if;
end
$$;

create table engram.tenants (
    id uuid primary key,
    name text not null,
    plan text not null default 'free',
    created_at timestamptz not null default now()
);
grant select, insert, update on engram.tenants to engram_system;

create table engram.portal_users (
    id uuid primary key,
    email text not null,
    password_hash text not null,
    created_at timestamptz not null default now(),
    last_sign_in_at timestamptz
);
create unique index portal_users_email on engram.portal_users (lower(email));
grant select, insert, update, delete on engram.portal_users to engram_system;

create table engram.memberships (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    user_id uuid not null references engram.portal_users (id) on delete cascade,
    role text not null check (role in ('owner', 'admin', 'viewer')),
    created_at timestamptz not null default now(),
    primary key (tenant_id, user_id)
);
create index memberships_user on engram.memberships (user_id);
call engram.protect_tenant_table('engram.memberships', true);

-- A one-time link for the first person of a tenant; only its hash is kept.
create table engram.setup_tokens (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    token_hash bytea not null,
    created_at timestamptz not null default now(),
    consumed_at timestamptz,
    primary key (tenant_id, token_hash)
);
create unique index setup_tokens_hash on engram.setup_tokens (token_hash);
call engram.protect_tenant_table('engram.setup_tokens', true);

create table engram.api_keys (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    id uuid not null,
    kind text not null default 'api' check (kind in ('api', 'session')),
    name text not null,
    prefix text not null,                 -- what is shown of the key; legacy rows are looked up by it
    hash bytea,                           -- HMAC-SHA256 under the deployment's secret; null until a legacy row is upgraded
    bcrypt_hash text,                     -- legacy rows only; cleared by the upgrade
    scopes text[] not null,
    buckets text[],                       -- bucket allow-list by name; null means every bucket
    user_id uuid references engram.portal_users (id) on delete cascade,
    role text,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    primary key (tenant_id, id),
    check (hash is not null or bcrypt_hash is not null)
);
create unique index api_keys_hash on engram.api_keys (hash) where hash is not null;
create index api_keys_legacy_prefix on engram.api_keys (prefix) where bcrypt_hash is not null;
call engram.protect_tenant_table('engram.api_keys', true);
