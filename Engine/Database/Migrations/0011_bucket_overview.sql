-- What GET /router/buckets and every list of buckets read, in one statement: setting the tenant and two scans as three statements cost the cheapest
-- read of the platform more than its own work. Runs as its caller, so the policies of both tables hold inside it as outside.
create function engram.bucket_overview(tenant uuid)
returns table (id uuid, name text, description text, created_at timestamptz, memories bigint, last_write_at timestamptz)
language plpgsql security invoker as $$
begin
    -- Local to the transaction, which outside of an explicit one is this very statement.
    perform set_config('app.tenant_id', tenant::text, true);
    return query
        select b.id, b.name, b.description, b.created_at, null::bigint, null::timestamptz from engram.buckets b where b.tenant_id = tenant
        union all
        select c.bucket_id, null, null, null, c.memories, c.last_write_at from engram.bucket_counters c where c.tenant_id = tenant;
end
$$;
revoke execute on function engram.bucket_overview(uuid) from public;
grant execute on function engram.bucket_overview(uuid) to engram_app;
