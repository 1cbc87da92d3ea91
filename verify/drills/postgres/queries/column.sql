-- Columns in their order; a child of ordinary inheritance is restored with its parents' columns first.
select format('column %s.%I', r.name, a.attname), concat_ws(', ',
           format_type(a.atttypid, a.atttypmod),
           'place ' || case when r.relkind in ('r', 'p', 'f')
                                 and (r.relispartition
                                      or not exists (select from pg_inherits i where i.inhrelid = r.oid))
                            then row_number() over (partition by a.attrelid order by a.attnum) end,
           'collation ' || case when a.attcollation <> t.typcollation then (
               select format('%I.%I', n.nspname, l.collname) from pg_collation l
               join pg_namespace n on n.oid = l.collnamespace where l.oid = a.attcollation) end,
           case when a.attnotnull then 'not null' end,
           case a.attgenerated when '' then 'default ' else format('generated (%s) ', a.attgenerated) end
               || pg_get_expr(d.adbin, d.adrelid),
           'identity ' || case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
           'storage ' || nullif(a.attstorage, t.typstorage)::text,
           'compression ' || nullif(a.attcompression::text, ''),
           'statistics ' || nullif(a.attstattarget::int, -1),
           'options ' || (select string_agg(o, ', ' order by o collate "C") from unnest(a.attoptions) o))
from relation r
join pg_attribute a on a.attrelid = r.oid
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where r.relkind in ('r', 'p', 'f', 'v', 'm') and a.attnum > 0 and not a.attisdropped
union all
select format('options of column %s.%I', r.name, a.attname),
       (select string_agg(o, ', ' order by o collate "C") from unnest(a.attfdwoptions) o)
from relation r join pg_attribute a on a.attrelid = r.oid where a.attfdwoptions is not null
