-- The numbers of long windows: per closed hour what the percentiles need, mergeable over any hours, kept longer than the records themselves.

-- Microseconds of each kind of hop, in the order of the hops' names, every moment counted once (for the hop that began last): so the parts of a
-- record never sum up to more than the whole, and are summed without opening the JSON.
alter table engram.operations add column hop_us int[];

-- An hour is read across tenants once, when it is rolled up; rows come in nearly in the order of time.
create index operations_at on engram.operations using brin (at) with (autosummarize = on);

-- Which hours have records that are in no roll-up yet: every write of records raises "written" in its own transaction, and a roll-up notes the
-- value it began with. So what comes late, however late, has its hour rolled up again, and nothing depends on clocks.
create table engram.operation_hours (
    hour timestamptz primary key,
    written bigint not null,
    rolled_up bigint not null default 0,
    sealed boolean not null default false -- its records are gone: the roll-up stays as it is
) with (fillfactor = 50);
grant select on engram.operation_hours to engram_app;
grant select, insert, update, delete on engram.operation_hours to engram_system;
insert into engram.operation_hours (hour, written)
select distinct date_bin('1 hour', at, 'epoch'), 1 from engram.operations;

-- Right-shaped answers not later than the cutoff.
create table engram.operation_rollups (
    tenant_id uuid not null,
    hour timestamptz not null,
    series text not null,
    operation text not null,
    cold boolean not null,
    deploy_id text not null,
    class text not null,
    samples bigint not null,
    total_us bigint not null,
    sketch bytea not null,                -- DDSketch, see Engine/Latency/DurationSketch.cs
    hop_us bigint[] not null,             -- as in operations, summed
    hop_total_us bigint not null,         -- total_us of the records that have hop_us
    primary key (tenant_id, hour, series, operation, cold, deploy_id)
);
call engram.protect_tenant_table('engram.operation_rollups', true);
revoke insert, update, delete on engram.operation_rollups from engram_app;

-- What is in no percentile, by outcome and cause. What does not apply is ''.
create table engram.operation_rollup_exclusions (
    tenant_id uuid not null,
    hour timestamptz not null,
    series text not null,
    operation text not null,
    outcome text not null,
    cause text not null,
    provider text not null,
    model text not null,
    deploy_id text not null,
    count bigint not null,
    primary key (tenant_id, hour, series, operation, outcome, cause, provider, model, deploy_id)
);
call engram.protect_tenant_table('engram.operation_rollup_exclusions', true);
revoke insert, update, delete on engram.operation_rollup_exclusions from engram_app;

-- The same of all tenants together, by series alone, for the public page: no tenant can be told from it.
create table engram.platform_rollups (
    hour timestamptz not null,
    series text not null,
    samples bigint not null,
    excluded bigint not null,
    cutoffs bigint not null,
    sketch bytea not null,
    primary key (hour, series)
);
grant select, insert, update, delete on engram.platform_rollups to engram_system;
