-- The first page of a bucket again, for callers that kept what they made of it: the first row carries a fingerprint of the page, and nothing else
-- follows where the caller has that page already. The fingerprint is of the row versions themselves (xmin and ctid change with every update of a row,
-- whoever makes it), the bucket's name and its total, so no writer has to remember to announce a change. It is taken before the rows are read: what
-- commits between the two is in the page, and the fingerprint of the next call differs from the one that is kept.
drop function engram.memory_page(uuid, text, uuid, integer);
create function engram.memory_page(tenant uuid, bucket text, bucket_uuid uuid, page integer, known bigint)
returns table (
    id uuid, bucket_id uuid, content text, token_count integer, language text, metadata jsonb, user_id text, agent_id text, run_id text, categories text[],
    occurred_at timestamptz, status text, extraction text, version integer, created_at timestamptz, updated_at timestamptz, total bigint, fingerprint bigint)
language plpgsql security invoker as $$
begin
    -- Local to the transaction, which outside of an explicit one is this very statement.
    perform set_config('app.tenant_id', tenant::text, true);
    if bucket_uuid is not null then
        select b.name into bucket from engram.buckets b where b.tenant_id = tenant and b.id = bucket_uuid;
    end if;
    -- One statement, since each one more costs as much as what it reads.
    select b.id, b.name, coalesce(counted.memories, 0), newest.print into bucket_id, content, total, fingerprint
        from engram.buckets b
        cross join lateral (
            select sum(c.memories)::bigint as memories from engram.bucket_counters c where c.tenant_id = tenant and c.bucket_id = b.id) counted
        cross join lateral (
            select bit_xor(hash_record_extended(row(n.xmin, n.ctid), 0)) as print from (
                select m.xmin, m.ctid from engram.memories m where m.tenant_id = tenant and m.bucket_id = b.id
                order by m.created_at desc, m.id desc limit page) n) newest
        where b.tenant_id = tenant and b.name = bucket;
    if bucket_id is null then
        return;
    end if;
    fingerprint := hash_record_extended(row(bucket_id, content, total, fingerprint), 0);
    return next;
    if fingerprint = known then
        return;
    end if;
    return query select
        m.id, m.bucket_id, m.content, m.token_count, m.language, m.metadata, m.user_id, m.agent_id, m.run_id, m.categories, m.occurred_at, m.status,
        m.extraction, m.version, m.created_at, m.updated_at, null::bigint, null::bigint
        from engram.memories m where m.tenant_id = tenant and m.bucket_id = memory_page.bucket_id order by m.created_at desc, m.id desc limit page;
end
$$;
revoke execute on function engram.memory_page(uuid, text, uuid, integer, bigint) from public;
grant execute on function engram.memory_page(uuid, text, uuid, integer, bigint) to engram_app;
