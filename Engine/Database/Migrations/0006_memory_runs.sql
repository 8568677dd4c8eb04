-- What was said just before and just after a memory in the same run: recall raises a memory beside a good one.
create index memories_run on engram.memories (tenant_id, bucket_id, run_id, occurred_at, created_at, id) where run_id is not null;
