select format('comment on %s %s', i.type, i.identity), d.description
from pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
where (d.objoid >= 16384 or (d.classoid = 'pg_namespace'::regclass and d.objoid in (select oid from space)))
  and i.schema is distinct from 'pg_toast'
  and not exists (select from member m where m.classid = d.classoid and m.objid = d.objoid)
  and d.classoid <> 'pg_largeobject'::regclass
  and not exists (  -- every server brings its own
      select from pg_extension e
      where d.classoid = 'pg_extension'::regclass and e.oid = d.objoid and e.extname = 'plpgsql')
union all
select 'comment on the database', s.description
from pg_shdescription s join pg_database b on b.oid = s.objoid and s.classoid = 'pg_database'::regclass
where b.datname = current_database()
union all
select format('security-label of %s on %s %s', l.provider, i.type, i.identity), l.label
from pg_seclabel l, pg_identify_object(l.classoid, l.objoid, l.objsubid) i
