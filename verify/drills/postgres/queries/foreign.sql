-- Options may hold what is secret: catalogue.py keeps their digest only. Those of mappings stay unread.
select format('server %I', s.srvname), concat_ws(', ',
           format('wrapper %I', w.fdwname), 'type ' || s.srvtype, 'version ' || s.srvversion)
from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
union all
select format('options of server %I', s.srvname),
       (select string_agg(o, ', ' order by o collate "C") from unnest(s.srvoptions) o)
from pg_foreign_server s where s.srvoptions is not null
union all
select format('user-mapping for %s on %I', usename, srvname), 'exists' from pg_user_mappings
union all
select format('foreign-data-wrapper %I', w.fdwname), concat_ws(', ',
           'handler ' || nullif(w.fdwhandler, 0)::regprocedure,
           'validator ' || nullif(w.fdwvalidator, 0)::regprocedure)
from pg_foreign_data_wrapper w
where not exists (
    select from member m where m.classid = 'pg_foreign_data_wrapper'::regclass and m.objid = w.oid)
