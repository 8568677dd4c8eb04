-- One row per operation, written by the hosts in batches: what it was, how it ended, how long it took and where the time went.
-- A partition a day, so that retention drops tables instead of deleting rows. Nothing is referenced: a record outlives what it tells of.
create table engram.operations (
    tenant_id uuid not null,
    at timestamptz not null,              -- when it began
    request_id uuid not null,
    host text not null,                   -- api, mcp, worker
    operation text not null,              -- "GET /router/buckets", "list_memories", "extract"
    class text not null check (class in ('read', 'mcp', 'store', 'query')),
    series text not null,                 -- what is compared with one budget: the class, or a part of it with a budget of its own
    outcome text not null check (outcome in ('ok', 'shape_fail', 'client_error', 'provider_fault', 'server_error', 'cutoff')),
    cause text,                           -- kind of the provider's fault, or the problem's code
    provider text,
    model text,
    status int,
    duration_us bigint not null,
    cold boolean not null,                -- the first of its operation in its process
    key_id uuid,
    request_bytes bigint,
    response_bytes bigint,
    llm_calls int not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cost_usd numeric(18, 9),
    deploy_id text not null,
    hops jsonb not null,                  -- [[hop, what for or null, start in microseconds from the beginning, length in microseconds], ...]
    primary key (tenant_id, at, request_id)
) partition by range (at);
create index operations_request on engram.operations (tenant_id, request_id);
call engram.protect_tenant_table('engram.operations', true);

-- Rows of a day whose partition nobody made yet (a Worker that was down for long): never lost, and still found.
create table engram.operations_default partition of engram.operations default;
call engram.protect_tenant_table('engram.operations_default', true);

-- Written by the system alone; a partition is read through its parent only.
revoke insert, update, delete on engram.operations, engram.operations_default from engram_app;

-- The Worker makes and drops the partitions, which only the owner may do.
alter table engram.operations owner to engram_system;
alter table engram.operations_default owner to engram_system;
