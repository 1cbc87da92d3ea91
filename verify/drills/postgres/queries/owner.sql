-- Who owns what; also that it exists at all.
select format('owner of %s %s', o.kind, o.name), pg_get_userbyid(o.owner)::text
from (
    select kind, name, relowner from relation where relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    union all
    select case prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end, name, proowner
    from routine
    union all
    select case typtype when 'd' then 'domain' else 'type' end, name, typowner from kind
    union all
    select 'schema', quote_ident(n.nspname), n.nspowner
    from space s join pg_namespace n on n.oid = s.oid
    where not exists (select from member m where m.classid = 'pg_namespace'::regclass and m.objid = n.oid)
    union all
    -- but for plpgsql: every server brings its own, and a dump leaves that as it is
    select 'extension', quote_ident(extname), extowner from pg_extension where extname <> 'plpgsql'
    union all
    select 'publication', quote_ident(pubname), pubowner from pg_publication
    union all
    select 'subscription', quote_ident(subname), subowner from pg_subscription
    where subdbid = (select oid from pg_database where datname = current_database())
    union all
    select 'event trigger', quote_ident(evtname), evtowner from pg_event_trigger e
    where not exists (select from member m where m.classid = 'pg_event_trigger'::regclass and m.objid = e.oid)
    union all
    select 'server', quote_ident(srvname), srvowner from pg_foreign_server
    union all
    select 'statistics', format('%I.%I', s.nspname, stxname), stxowner
    from pg_statistic_ext join space s on s.oid = stxnamespace
    union all
    select 'collation', format('%I.%I', s.nspname, collname), collowner
    from pg_collation join space s on s.oid = collnamespace
    union all
    select 'text search configuration', format('%I.%I', s.nspname, cfgname), cfgowner
    from pg_ts_config c join space s on s.oid = cfgnamespace
    where not exists (select from member m where m.classid = 'pg_ts_config'::regclass and m.objid = c.oid)
) o (kind, name, owner)
