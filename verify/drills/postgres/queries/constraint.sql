-- Not those that a partition has from its parent's foreign key: they are named anew by each server.
select format('constraint %I on %s', c.conname, coalesce(r.name, k.name)),
       pg_get_constraintdef(c.oid)
       || case when c.convalidated or pg_get_constraintdef(c.oid) ~ 'NOT VALID$' then '' else ' NOT VALID' end
       || case when c.connoinherit and c.contype = 'c' and pg_get_constraintdef(c.oid) !~ 'NO INHERIT'
               then ' NO INHERIT' else '' end
from pg_constraint c
left join relation r on r.oid = c.conrelid
left join kind k on k.oid = c.contypid
where coalesce(r.name, k.name) is not null
  and c.contype <> 't'
  and not (c.contype = 'f' and c.conparentid <> 0)
  and not (c.contype = 'n' and c.convalidated) -- a server before 18 has none; its columns say it
