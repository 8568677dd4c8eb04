-- What the smoke found, run by run, for charts; and what the operator needs to give a tenant and to take it back.

create table engram.smoke_runs (
    tenant_id uuid not null references engram.tenants (id) on delete cascade,
    id uuid not null,
    at timestamptz not null,              -- when the run began
    deploy_id text not null,              -- the deployment that was looked at
    verdict text not null check (verdict in ('passed', 'failed', 'aborted')),
    duration_ms double precision not null,
    passed int not null,
    failed int not null,
    skipped int not null,
    floor_ratio double precision,         -- the simplest authenticated request over the bare floor of the same host
    primary key (tenant_id, id)
);
create index smoke_runs_at on engram.smoke_runs (tenant_id, at desc, id desc);
call engram.protect_tenant_table('engram.smoke_runs', false);

create table engram.smoke_timings (
    tenant_id uuid not null,
    run_id uuid not null,
    sequence int not null,                -- place in the run
    check_group text not null,
    check_name text not null,
    outcome text not null check (outcome in ('passed', 'failed', 'skipped')),
    ms double precision,                  -- of the check's one operation; null where it was skipped
    detail text,                          -- what was wrong, or why it was skipped
    primary key (tenant_id, run_id, sequence),
    foreign key (tenant_id, run_id) references engram.smoke_runs (tenant_id, id) on delete cascade
);
call engram.protect_tenant_table('engram.smoke_timings', false);

-- Append only: a chart of deployments is worth nothing if a run can be tidied up afterwards.
revoke update, delete on engram.smoke_runs, engram.smoke_timings from engram_app;

-- Tenants are taken back by the operator, through the door that spans tenants.
grant delete on engram.tenants to engram_system;
