-- What an extraction tells of itself, what was recalled lately, and profiles that wait to be made.

alter table engram.jobs
    add column extractor text,            -- who extracted: rules/1, llm/<provider>/<model>/<prompt>
    add column dropped integer,           -- triples without evidence in the text: counted, not stored
    add column skip_reason text,          -- why nothing, or not all of the text, was extracted: system_prompt, tool_dump, recalled
    add column fault jsonb;               -- the provider fault of the newest failed attempt

-- Sentences that a key was given by a query in the last minutes, as 64-bit hashes: storing them again teaches the graph nothing.
-- Written in batches off the request path, pruned by the Worker.
create table engram.recalled_texts (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    key_id uuid not null,
    bucket_id uuid not null,
    hash bigint not null,
    recalled_at timestamptz not null,
    primary key (tenant_id, key_id, bucket_id, hash)
);
call engram.protect_tenant_table('engram.recalled_texts', true);

-- A row for every bucket whose profile is to be made anew, or is being made.
create table engram.profile_runs (
    tenant_id uuid not null,
    bucket_id uuid not null,
    run_after timestamptz not null,
    leased_until timestamptz,
    attempts integer not null default 0,
    last_error text,
    fault jsonb,
    primary key (tenant_id, bucket_id),
    foreign key (tenant_id, bucket_id) references engram.buckets (tenant_id, id) on delete cascade
);
call engram.protect_tenant_table('engram.profile_runs', true);
