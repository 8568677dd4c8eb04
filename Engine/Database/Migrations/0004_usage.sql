-- What a tenant used, a row per day, key, bucket and operation; written in batches off the request path.
-- A row without a bucket carries the nil uuid, so that the primary key can hold it.
create table engram.usage_daily (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    day date not null,
    key_id uuid not null,
    bucket_id uuid not null,
    operation text not null,
    requests bigint not null default 0,
    memories bigint not null default 0,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    primary key (tenant_id, day, key_id, bucket_id, operation)
) with (fillfactor = 80);
call engram.protect_tenant_table('engram.usage_daily', true);
