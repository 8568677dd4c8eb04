-- Plans as data, metering that counts a request once, what a tenant was told about its limits, and records that were lost.

-- What a plan includes; null means no limit. The included amount is the soft limit: beyond it the tenant is told. The hard limit, where it is
-- refused, lies grace_percent above. The section Engram:Plans:{name} of the configuration overrides single values.
create table engram.plans (
    name text primary key,
    memories bigint check (memories >= 0),   -- at one time
    buckets bigint check (buckets >= 0),     -- at one time
    writes bigint check (writes >= 0),       -- stored memories a month
    queries bigint check (queries >= 0),     -- a month
    grace_percent int not null default 0 check (grace_percent between 0 and 1000)
);
grant select on engram.plans to engram_app;
grant select, insert, update, delete on engram.plans to engram_system;
insert into engram.plans (name, memories, buckets, writes, queries, grace_percent) values
    ('free', 10000, 100, 10000, 20000, 0),
    ('pro', 1000000, 1000, 500000, 1000000, 20),
    ('unlimited', null, null, null, null, 0);

-- No plan had limits so far; who is here stays without. A server of one's own is not sold in portions, so that is also what a tenant starts with.
update engram.tenants set plan = 'unlimited' where plan = 'free';
alter table engram.tenants alter column plan set default 'unlimited';

-- Which requests are counted already: a batch that is written twice, because the answer to its commit was lost, counts once, and so does a
-- request repeated with the same Idempotency-Key. Kept for some days.
create table engram.usage_events (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    request_id uuid not null,                -- the request's, or for a repeatable one derived from its Idempotency-Key
    operation text not null,
    at timestamptz not null default now(),
    primary key (tenant_id, request_id, operation)
);
create index usage_events_at on engram.usage_events using brin (at) with (autosummarize = on);
call engram.protect_tenant_table('engram.usage_events', true);
revoke insert, update, delete on engram.usage_events from engram_app;

-- That a tenant passed 80 % or 100 % of something, once a month; the audit has it too.
create table engram.usage_marks (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    period date not null,
    quantity text not null check (quantity in ('memories', 'buckets', 'writes', 'queries')),
    percent int not null check (percent in (80, 100)),
    used bigint not null,
    included bigint not null,
    plan text not null,
    reached_at timestamptz not null,
    primary key (tenant_id, period, quantity, percent)
);
call engram.protect_tenant_table('engram.usage_marks', true);
revoke update, delete on engram.usage_marks from engram_app;

-- Operations that were served and of which there is no record.
create table engram.operation_losses (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    hour timestamptz not null,
    host text not null,
    lost bigint not null,
    primary key (tenant_id, hour, host)
);
call engram.protect_tenant_table('engram.operation_losses', true);
revoke insert, update, delete on engram.operation_losses from engram_app;
