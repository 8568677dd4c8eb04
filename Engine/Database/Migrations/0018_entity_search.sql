-- The search for entities by the beginning of a name, whatever the database's collation. Serves "=" as well, so that no plan is worse for it.
create index entity_aliases_search on engram.entity_aliases (tenant_id, bucket_id, alias text_pattern_ops, entity_id);
