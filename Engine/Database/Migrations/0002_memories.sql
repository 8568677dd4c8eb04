-- Buckets, memories and what makes them findable. Every key and index begins with tenant_id.

create table engram.buckets (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    id uuid not null,
    name text not null,
    description text,
    -- Text search configurations used by the bucket's memories: a query is reduced to lexemes by each of them.
    languages text[] not null default '{english}',
    -- Name of the bucket's own HNSW index once it is worth one and built; null means exact scan.
    vector_index text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create unique index buckets_name on engram.buckets (tenant_id, name);
call engram.protect_tenant_table('engram.buckets', true);

-- Totals of a bucket in a few shards, so that concurrent writers of one bucket do not queue for one row.
create table engram.bucket_counters (
    tenant_id uuid not null,
    bucket_id uuid not null,
    shard smallint not null,
    memories bigint not null default 0,
    lexemes bigint not null default 0,
    vectors bigint not null default 0,
    content_bytes bigint not null default 0,
    last_write_at timestamptz not null default now(),
    primary key (tenant_id, bucket_id, shard),
    foreign key (tenant_id, bucket_id) references engram.buckets (tenant_id, id) on delete cascade
) with (fillfactor = 50);
call engram.protect_tenant_table('engram.bucket_counters', true);

create table engram.memories (
    tenant_id uuid not null,
    id uuid not null,
    bucket_id uuid not null,
    content text not null,
    content_hash bytea not null,          -- SHA-256 of the normalised text and its user, agent and run
    unique_content boolean not null,      -- stored under a dedup policy: the partial unique index below decides
    token_count integer not null,
    lexeme_count integer not null,        -- document length for BM25
    language text not null,               -- text search configuration its postings were made with
    metadata jsonb not null default '{}',
    user_id text,
    agent_id text,
    run_id text,
    categories text[] not null default '{}',
    occurred_at timestamptz not null,     -- event time: when it happened or was said
    status text not null default 'stored' check (status in ('stored', 'quarantined')),
    extraction text not null check (extraction in ('pending', 'extracted', 'skipped', 'failed')),
    version integer not null default 1,
    created_by uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, bucket_id) references engram.buckets (tenant_id, id) on delete cascade
);
create index memories_newest on engram.memories (tenant_id, bucket_id, created_at desc, id desc);
create unique index memories_unique_content on engram.memories (tenant_id, bucket_id, content_hash) where unique_content;
create index memories_content_hash on engram.memories (tenant_id, bucket_id, content_hash);
call engram.protect_tenant_table('engram.memories', true);

create table engram.memory_history (
    tenant_id uuid not null,
    memory_id uuid not null,
    sequence integer not null,
    change text not null check (change in ('edited', 'merged')),
    content text not null,
    metadata jsonb not null,
    categories text[] not null,
    changed_by uuid,
    changed_at timestamptz not null default now(),
    primary key (tenant_id, memory_id, sequence),
    foreign key (tenant_id, memory_id) references engram.memories (tenant_id, id) on delete cascade
);
call engram.protect_tenant_table('engram.memory_history', false);

-- The inverted index. Read with "=" only: text search operators lose their index under row level security (they are not leakproof).
create table engram.postings (
    tenant_id uuid not null,
    bucket_id uuid not null,
    lexeme text not null,
    memory_id uuid not null,
    tf smallint not null,
    lexeme_count integer not null,
    primary key (tenant_id, bucket_id, lexeme, memory_id) include (tf, lexeme_count)
) with (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_insert_threshold = 5000);
call engram.protect_tenant_table('engram.postings', true);

-- One row per chunk of at most the model's input length. Only vectors of one model are ever compared.
create table engram.memory_vectors (
    tenant_id uuid not null,
    bucket_id uuid not null,
    model text not null,
    memory_id uuid not null,
    chunk smallint not null,
    embedding halfvec not null,
    primary key (tenant_id, bucket_id, model, memory_id, chunk),
    foreign key (tenant_id, memory_id) references engram.memories (tenant_id, id) on delete cascade
);
-- Inline, never in TOAST: an exact scan reads every vector of the bucket.
alter table engram.memory_vectors alter column embedding set storage plain;
create index memory_vectors_memory on engram.memory_vectors (tenant_id, memory_id);
call engram.protect_tenant_table('engram.memory_vectors', true);

create table engram.idempotency_keys (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    key text not null,
    request_hash bytea not null,
    response jsonb,
    created_at timestamptz not null default now(),
    primary key (tenant_id, key)
);
create index idempotency_keys_age on engram.idempotency_keys (tenant_id, created_at);
call engram.protect_tenant_table('engram.idempotency_keys', true);
