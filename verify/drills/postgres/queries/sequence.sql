select 'sequence ' || r.name, concat_ws(', ',
           format_type(s.seqtypid, null),
           case r.relpersistence when 'u' then 'unlogged' end,
           format('start %s, increment %s, from %s to %s, cache %s',
                  s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache),
           case when s.seqcycle then 'cycle' end,
           'owned by ' || (
               select format('%I.%I.%I', n.nspname, c.relname, a.attname)
               from pg_depend d
               join pg_class c on c.oid = d.refobjid
               join pg_namespace n on n.oid = c.relnamespace
               join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
               where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.objsubid = 0
                 and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')))
from relation r join pg_sequence s on s.seqrelid = r.oid
