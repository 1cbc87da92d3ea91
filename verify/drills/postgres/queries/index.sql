select format('index %s', r.name), concat_ws(', ',
           case when not i.indisvalid then 'invalid' end,
           pg_get_indexdef(r.oid),
           case when i.indisprimary then 'primary key' end,
           case when i.indisclustered then 'clustered' end,
           case when i.indisreplident then 'replica identity' end,
           'part of ' || (select format('%I.%I', n.nspname, p.relname) from pg_inherits h
                          join pg_class p on p.oid = h.inhparent
                          join pg_namespace n on n.oid = p.relnamespace where h.inhrelid = r.oid),
           'statistics ' || (select string_agg(a.attnum || ':' || a.attstattarget, ' ' order by a.attnum)
                             from pg_attribute a where a.attrelid = r.oid and a.attstattarget::int >= 0))
from relation r join pg_index i on i.indexrelid = r.oid
