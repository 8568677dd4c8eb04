-- A tenant's own embedding model. Vectors of the local encoder stay beside its vectors: near-duplicates are judged by them, and queries fall back to them.

alter table engram.model_roles drop constraint model_roles_role_check;
alter table engram.model_roles
    add constraint model_roles_role_check check (role in ('extract', 'synthesize', 'profile', 'embed')),
    add column space text,                -- what memory_vectors.model says of its vectors; of the role embed only
    add column dimensions integer check (dimensions between 1 and 4000),
    add constraint model_roles_embed check ((role = 'embed') = (space is not null) and (role = 'embed') = (dimensions is not null));

alter table engram.buckets
    add column own_model text,            -- the space whose vectors its queries search; null means the local encoder's
    add column own_index text,            -- name of the HNSW index over them, like vector_index
    add column own_swept text,            -- the space for which what is missing has been noted below
    add column vectors_settled boolean not null default true;
create index buckets_unsettled on engram.buckets (tenant_id, id) where own_swept is not null or not vectors_settled;

-- Memories that lack the vectors of their tenant's model. Written in the transaction that stores the memory without them, or by the sweep of its bucket.
create table engram.pending_vectors (
    tenant_id uuid not null,
    model text not null,
    memory_id uuid not null,
    bucket_id uuid not null,
    refused boolean not null default false,   -- the provider does not take this text: it is not sent again
    last_error text,
    primary key (tenant_id, model, memory_id),
    foreign key (tenant_id, memory_id) references engram.memories (tenant_id, id) on delete cascade
);
create index pending_vectors_memory on engram.pending_vectors (tenant_id, memory_id);
create index pending_vectors_bucket on engram.pending_vectors (tenant_id, bucket_id) where not refused;
call engram.protect_tenant_table('engram.pending_vectors', true);

-- Who makes a tenant's missing vectors, and when the provider may be asked again after a fault. One Worker at a time for each.
create table engram.embedding_runs (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    model text not null,
    run_after timestamptz not null,
    lease uuid,
    leased_until timestamptz,
    attempts integer not null default 0,      -- in a row that failed
    last_error text,
    fault jsonb,
    primary key (tenant_id, model)
);
call engram.protect_tenant_table('engram.embedding_runs', true);
