-- The extraction queue and the graph it fills.

create table engram.jobs (
    tenant_id uuid not null,
    id uuid not null,
    bucket_id uuid not null,
    memory_id uuid not null,
    memory_version integer not null,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'dead')),
    attempts integer not null default 0,
    run_after timestamptz not null default now(),
    leased_until timestamptz,
    fence bigint not null default 0,      -- grows with every claim: a worker that lost its lease cannot complete
    worker text,
    last_error text,
    triples integer,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, memory_id, memory_version),
    foreign key (tenant_id, memory_id) references engram.memories (tenant_id, id) on delete cascade
) with (fillfactor = 80);
create index jobs_queued on engram.jobs (tenant_id, run_after) where state = 'queued';
create index jobs_running on engram.jobs (leased_until) where state = 'running';
create index jobs_finished on engram.jobs (finished_at) where state in ('done', 'dead');
call engram.protect_tenant_table('engram.jobs', true);

create table engram.entities (
    tenant_id uuid not null,
    id uuid not null,
    bucket_id uuid not null,
    name text not null,
    kind text,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, bucket_id) references engram.buckets (tenant_id, id) on delete cascade
);
call engram.protect_tenant_table('engram.entities', true);

-- Every name an entity is known by, normalised; the entity's own name is one of them.
create table engram.entity_aliases (
    tenant_id uuid not null,
    bucket_id uuid not null,
    alias text not null,
    entity_id uuid not null,
    primary key (tenant_id, bucket_id, alias),
    foreign key (tenant_id, entity_id) references engram.entities (tenant_id, id) on delete cascade
);
create index entity_aliases_entity on engram.entity_aliases (tenant_id, entity_id);
call engram.protect_tenant_table('engram.entity_aliases', true);

create table engram.triples (
    tenant_id uuid not null,
    id uuid not null,
    bucket_id uuid not null,
    subject_id uuid not null,
    predicate text not null,
    object_id uuid not null,
    negated boolean not null default false,
    single_valued boolean not null default false,
    confidence real not null,
    valid_from timestamptz,
    valid_to timestamptz,
    superseded_by uuid,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique nulls not distinct (tenant_id, bucket_id, subject_id, predicate, object_id, negated, valid_from),
    foreign key (tenant_id, subject_id) references engram.entities (tenant_id, id) on delete cascade,
    foreign key (tenant_id, object_id) references engram.entities (tenant_id, id) on delete cascade,
    foreign key (tenant_id, superseded_by) references engram.triples (tenant_id, id) on delete set null (superseded_by)
);
create index triples_object on engram.triples (tenant_id, bucket_id, object_id);
create index triples_superseded_by on engram.triples (tenant_id, superseded_by) where superseded_by is not null;
create index triples_object_entity on engram.triples (tenant_id, object_id);
create index triples_subject_entity on engram.triples (tenant_id, subject_id);
call engram.protect_tenant_table('engram.triples', true);

-- Which memories say a triple, and where in their text.
create table engram.triple_sources (
    tenant_id uuid not null,
    triple_id uuid not null,
    memory_id uuid not null,
    span_start integer not null,
    span_length integer not null,
    extractor text not null,
    confidence real not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, triple_id, memory_id),
    foreign key (tenant_id, triple_id) references engram.triples (tenant_id, id) on delete cascade,
    foreign key (tenant_id, memory_id) references engram.memories (tenant_id, id) on delete cascade
);
create index triple_sources_memory on engram.triple_sources (tenant_id, memory_id);
call engram.protect_tenant_table('engram.triple_sources', true);

create table engram.bucket_profiles (
    tenant_id uuid not null,
    bucket_id uuid not null,
    profile text not null,
    source text not null,
    n_memories_at_gen bigint not null,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, bucket_id),
    foreign key (tenant_id, bucket_id) references engram.buckets (tenant_id, id) on delete cascade
);
call engram.protect_tenant_table('engram.bucket_profiles', true);
