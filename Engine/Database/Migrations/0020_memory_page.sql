-- The first page of a bucket, which every list of memories starts with, in one statement: setting the tenant, finding the bucket and reading the page as
-- three statements cost more than the rows. The first row is the bucket (its name as content, its memories as total), the others are the newest memories.
-- Runs as its caller, so the policies hold inside it as outside.
create function engram.memory_page(tenant uuid, bucket text, bucket_uuid uuid, page integer)
returns table (
    id uuid, bucket_id uuid, content text, token_count integer, language text, metadata jsonb, user_id text, agent_id text, run_id text, categories text[],
    occurred_at timestamptz, status text, extraction text, version integer, created_at timestamptz, updated_at timestamptz, total bigint)
language plpgsql security invoker as $$
declare
    found_id uuid;
    found_name text;
begin
    -- Local to the transaction, which outside of an explicit one is this very statement.
    perform set_config('app.tenant_id', tenant::text, true);
    if bucket_uuid is null then
        select b.id, b.name into found_id, found_name from engram.buckets b where b.tenant_id = tenant and b.name = bucket;
    else
        select b.id, b.name into found_id, found_name from engram.buckets b where b.tenant_id = tenant and b.id = bucket_uuid;
    end if;
    if found_id is null then
        return;
    end if;
    return query select
        null::uuid, found_id, found_name, 0, '', '{}'::jsonb, null::text, null::text, null::text, '{}'::text[], null::timestamptz, '', '', 0,
        null::timestamptz, null::timestamptz,
        (select coalesce(sum(c.memories), 0)::bigint from engram.bucket_counters c where c.tenant_id = tenant and c.bucket_id = found_id);
    return query select
        m.id, m.bucket_id, m.content, m.token_count, m.language, m.metadata, m.user_id, m.agent_id, m.run_id, m.categories, m.occurred_at, m.status,
        m.extraction, m.version, m.created_at, m.updated_at, null::bigint
        from engram.memories m where m.tenant_id = tenant and m.bucket_id = found_id order by m.created_at desc, m.id desc limit page;
end
$$;
revoke execute on function engram.memory_page(uuid, text, uuid, integer) from public;
grant execute on function engram.memory_page(uuid, text, uuid, integer) to engram_app;
