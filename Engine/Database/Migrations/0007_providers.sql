-- The tenant's own LLM providers: keys at rest, the model of each role, every call with its price and its fault, budgets, and who changed what.

-- A tenant's data keys, each wrapped (AES-256-GCM) under a master key that is never in the database. New secrets are sealed under the
-- newest version; an older one stays only as long as something is sealed under it.
create table engram.tenant_data_keys (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    version int not null,
    master_version int not null,
    wrapped_key bytea not null,
    created_at timestamptz not null default now(),
    rewrapped_at timestamptz,
    primary key (tenant_id, version)
);
call engram.protect_tenant_table('engram.tenant_data_keys', true);

create table engram.provider_connections (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    id uuid not null,
    provider text not null,
    label text not null,
    base_url text,                        -- null means the catalogue's
    data_key_version int not null,
    sealed_key bytea not null,
    last_four text not null,
    price_overrides jsonb,                -- {"model": {"input": USD per million tokens, "output": ...}}
    created_at timestamptz not null default now(),
    rotated_at timestamptz,
    last_success_at timestamptz,
    last_error_at timestamptz,
    last_error text,                      -- kind and hint of the fault: never the provider's words
    primary key (tenant_id, id),
    -- What something is sealed under cannot be deleted, however rotation and a new connection meet.
    foreign key (tenant_id, data_key_version) references engram.tenant_data_keys (tenant_id, version)
);
create index provider_connections_data_key on engram.provider_connections (tenant_id, data_key_version);
call engram.protect_tenant_table('engram.provider_connections', true);

create table engram.model_roles (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    role text not null check (role in ('extract', 'synthesize', 'profile')),
    connection_id uuid not null,
    model text not null,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, role),
    foreign key (tenant_id, connection_id) references engram.provider_connections (tenant_id, id) on delete cascade
);
create index model_roles_connection on engram.model_roles (tenant_id, connection_id);
call engram.protect_tenant_table('engram.model_roles', true);

-- Every call, good or bad; the rows with a fault are the tenant's ledger of provider faults. Keys, buckets and memories may be gone by the
-- time somebody looks, so nothing is referenced.
create table engram.llm_calls (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    id uuid not null,
    at timestamptz not null,
    request_id uuid not null,
    operation text not null,
    role text not null,
    key_id uuid,
    bucket_id uuid,
    memory_id uuid,
    connection_id uuid,
    provider text not null,
    model text not null,
    elapsed_ms double precision not null,
    wait_ms double precision not null,
    first_token_ms double precision,
    attempts int not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cost_usd numeric(18, 9),              -- null where the model has no known price
    fault_kind text,
    upstream_status int,
    hint text,
    retry_after_ms double precision,
    primary key (tenant_id, id)
) with (fillfactor = 100);
create index llm_calls_at on engram.llm_calls (tenant_id, at desc, id desc);
create index llm_calls_faults on engram.llm_calls (tenant_id, at desc, id desc) where fault_kind is not null;
create index llm_calls_memory on engram.llm_calls (tenant_id, memory_id) where memory_id is not null;
call engram.protect_tenant_table('engram.llm_calls', true);
-- Written by the system alone: a tenant's rows cannot be tidied through the door that serves requests.
revoke insert, update, delete on engram.llm_calls from engram_app;

-- The same summed up by day, written with the calls: plan usage and budgets read this. No key is the nil uuid.
create table engram.llm_usage_daily (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    day date not null,
    key_id uuid not null,
    provider text not null,
    model text not null,
    operation text not null,
    role text not null,
    calls bigint not null default 0,
    faults bigint not null default 0,
    unpriced_calls bigint not null default 0,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    cost_usd numeric(18, 9) not null default 0,
    primary key (tenant_id, day, key_id, provider, model, operation, role)
) with (fillfactor = 80);
call engram.protect_tenant_table('engram.llm_usage_daily', true);

-- What may be spent in a day (UTC). The nil uuid stands for the tenant as a whole, another for one of its API keys.
create table engram.budgets (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    key_id uuid not null,
    daily_tokens bigint check (daily_tokens >= 0),
    daily_usd numeric(14, 4) check (daily_usd >= 0),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, key_id)
);
call engram.protect_tenant_table('engram.budgets', true);

-- Who changed what on the account. Append only for the hosts; ids are UUIDv7, so they are in the order of time.
create table engram.audit_entries (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    id uuid not null,
    at timestamptz not null default now(),
    actor text not null,
    key_id uuid not null,
    key_prefix text not null,
    ip text,
    action text not null,
    target text not null,
    before jsonb,
    after jsonb,
    request_id uuid not null,
    primary key (tenant_id, id)
);
create index audit_entries_action on engram.audit_entries (tenant_id, action, id desc);
call engram.protect_tenant_table('engram.audit_entries', true);
revoke update, delete on engram.audit_entries from engram_app;
