-- What a table is, apart from its columns; of a child the bounds and parents, in their order.
select format('%s %s', r.kind, r.name), concat_ws(', ',
           case r.relpersistence when 'u' then 'unlogged' end,
           'partitioned by ' || case r.relkind when 'p' then pg_get_partkeydef(r.oid) end,
           case when r.relispartition then 'partition' else 'child' end || ' of ' || (
               select string_agg(format('%I.%I', n.nspname, p.relname)
                                 || case when (to_jsonb(i) ->> 'inhdetachpending')::bool
                                         then ' (being detached)' else '' end,
                                 ', ' order by i.inhseqno)
               from pg_inherits i join pg_class p on p.oid = i.inhparent
               join pg_namespace n on n.oid = p.relnamespace where i.inhrelid = r.oid),
           pg_get_expr(r.relpartbound, r.oid),
           'of type ' || case when r.reloftype <> 0 then format_type(r.reloftype, null) end,
           'using ' || (select amname from pg_am a where a.oid = r.relam),
           'with ' || (select string_agg(o, ', ' order by o collate "C") from unnest(r.reloptions) o),
           'toast with ' || (select string_agg(o, ', ' order by o collate "C")
                             from pg_class t, unnest(t.reloptions) o where t.oid = r.reltoastrelid),
           'replica identity ' || case r.relreplident when 'n' then 'nothing' when 'f' then 'full'
                                                      when 'i' then 'by an index' end,
           case when r.relrowsecurity then 'row security' end,
           case when r.relforcerowsecurity then 'row security forced' end,
           case when r.relkind = 'm' and not r.relispopulated then 'not populated' end,
           'on server ' || (select format('%I', s.srvname) from pg_foreign_table f
                            join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = r.oid))
from relation r where r.relkind in ('r', 'p', 'm', 'f')
union all
select 'options of foreign table ' || r.name,
       (select string_agg(o, ', ' order by o collate "C") from unnest(f.ftoptions) o)
from relation r join pg_foreign_table f on f.ftrelid = r.oid where f.ftoptions is not null
union all
select format('tablespace of %s %s', r.kind, r.name), t.spcname::text
from relation r join pg_tablespace t on t.oid = r.reltablespace
union all
select format('definition of %s %s', r.kind, r.name), concat_ws(' ', pg_get_viewdef(r.oid),
           'with ' || (select string_agg(o, ', ' order by o collate "C") from unnest(r.reloptions) o))
from relation r where r.relkind in ('v', 'm')
