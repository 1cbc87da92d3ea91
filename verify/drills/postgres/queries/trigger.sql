select format('trigger %I on %s', t.tgname, r.name),
       pg_get_triggerdef(t.oid) || case t.tgenabled when 'D' then ', disabled' when 'R' then ', on replicas'
                                                    when 'A' then ', always' else '' end
from relation r join pg_trigger t on t.tgrelid = r.oid
where not t.tgisinternal
union all
select format('event-trigger %I', e.evtname), concat_ws(', ',
           'on ' || e.evtevent,
           'when tag in ' || array_to_string(e.evttags, ' '),
           format('execute %I.%I()', n.nspname, p.proname),
           case e.evtenabled when 'D' then 'disabled' when 'R' then 'on replicas' when 'A' then 'always' end)
from pg_event_trigger e
join pg_proc p on p.oid = e.evtfoid
join pg_namespace n on n.oid = p.pronamespace
where not exists (select from member m where m.classid = 'pg_event_trigger'::regclass and m.objid = e.oid)
