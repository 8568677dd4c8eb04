-- How often a memory was given to somebody who asked. A table of its own: a memory's row is wide, and each of its versions costs all of it.
create table engram.memory_retrievals (
    tenant_id uuid not null,
    memory_id uuid not null,
    retrievals bigint not null,
    last_retrieved_at timestamptz not null,
    primary key (tenant_id, memory_id),
    foreign key (tenant_id, memory_id) references engram.memories (tenant_id, id) on delete cascade
) with (fillfactor = 70);
call engram.protect_tenant_table('engram.memory_retrievals', true);
