-- The tenant a starting host calls itself as, so that the statements, the pool and the code of its hot paths are warm before anybody else calls
-- (docs/decisions/0022-warm-start.md). It has no key and no people: only a host that starts can be it.
insert into engram.tenants (id, name, plan) values ('00000000-0000-7000-8000-00000000a11e', 'Warm-up', 'unlimited');
