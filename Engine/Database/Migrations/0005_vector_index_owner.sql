-- The Worker builds a large bucket's own HNSW index with CREATE INDEX CONCURRENTLY, which only the table's owner may do.
-- engram_system reads every tenant's vectors anyway; engram_app stays bound by the forced policy.
grant create on schema engram to engram_system;
alter table engram.memory_vectors owner to engram_system;
