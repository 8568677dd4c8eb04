-- The first page of a bucket once more: where nothing at all was committed since the caller's last look, not even the page's rows are looked at.
-- A snapshot is the set of the transactions whose work a statement sees, so two equal ones see the same database. They have to be of one run of the
-- server: after a crash, ids of transactions that left no trace are given out again, and the time at which the server last lost its statistics, which
-- such a start does and an orderly one does not, tells the runs apart. On a standby the function's snapshot leaves out what still runs: not used there.
-- The state is taken first and the fingerprint after it: what commits between the two belongs to a later state, and is looked for again.
drop function engram.memory_page(uuid, text, uuid, integer, bigint);
create function engram.memory_page(tenant uuid, bucket text, bucket_uuid uuid, page integer, known bigint, known_state bigint)
returns table (
    id uuid, bucket_id uuid, content text, token_count integer, language text, metadata jsonb, user_id text, agent_id text, run_id text, categories text[],
    occurred_at timestamptz, status text, extraction text, version integer, created_at timestamptz, updated_at timestamptz, total bigint,
    fingerprint bigint, state bigint)
language plpgsql security invoker as $$
begin
    if not pg_is_in_recovery() then
        state := hash_record_extended(row(pg_current_snapshot()::text, pg_stat_get_bgwriter_stat_reset_time()), 0);
    end if;
    if state = known_state then
        fingerprint := known;
        return next;
        return;
    end if;
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
        m.extraction, m.version, m.created_at, m.updated_at, null::bigint, null::bigint, null::bigint
        from engram.memories m where m.tenant_id = tenant and m.bucket_id = memory_page.bucket_id order by m.created_at desc, m.id desc limit page;
end
$$;
revoke execute on function engram.memory_page(uuid, text, uuid, integer, bigint, bigint) from public;
grant execute on function engram.memory_page(uuid, text, uuid, integer, bigint, bigint) to engram_app;
