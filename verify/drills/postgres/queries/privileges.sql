-- Who may do what, wherever that is not the default. `usual` is the default; ALL is what an owner has,
-- so that a privilege which only a newer server knows makes no difference.
, object (what, acl, usual, owner) as (
    select format('%s %s', kind, name), relacl,
           acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner), relowner
    from relation where relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    union all
    select format('column %s.%I', r.name, a.attname), a.attacl, acldefault('c', r.relowner), r.relowner
    from relation r join pg_attribute a on a.attrelid = r.oid
    where a.attacl is not null and not a.attisdropped
    union all
    select 'function ' || name, proacl, acldefault('f', proowner), proowner from routine
    union all
    select 'type ' || name, typacl, acldefault('T', typowner), typowner from kind
    union all
    select format('schema %I', n.nspname), n.nspacl, acldefault('n', n.nspowner), n.nspowner
    from space s join pg_namespace n on n.oid = s.oid
    union all
    select 'the database', datacl, acldefault('d', datdba), datdba
    from pg_database where datname = current_database()
    union all
    select format('language %I', lanname), lanacl, acldefault('l', lanowner), lanowner from pg_language
    union all
    select format('foreign data wrapper %I', fdwname), fdwacl, acldefault('F', fdwowner), fdwowner
    from pg_foreign_data_wrapper
    union all
    select format('server %I', srvname), srvacl, acldefault('S', srvowner), srvowner from pg_foreign_server
    union all -- of the server's and of extensions' own objects, what was changed afterwards
    select format('function %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
           p.proacl, acldefault('f', p.proowner), p.proowner
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    left join pg_init_privs i
           on i.classoid = 'pg_proc'::regclass and i.objoid = p.oid and i.objsubid = 0
    where (n.nspname = 'pg_catalog'
           or exists (select from member m where m.classid = 'pg_proc'::regclass and m.objid = p.oid))
      and p.proacl is distinct from i.initprivs
      and coalesce(p.proacl, acldefault('f', p.proowner))
          is distinct from coalesce(i.initprivs, acldefault('f', p.proowner))
    union all
    select format('relation %I.%I', n.nspname, c.relname), c.relacl, acldefault('r', c.relowner), c.relowner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_init_privs i
           on i.classoid = 'pg_class'::regclass and i.objoid = c.oid and i.objsubid = 0
    where (n.nspname = 'pg_catalog' -- not information_schema: made after the server noted its own
           or exists (select from member m where m.classid = 'pg_class'::regclass and m.objid = c.oid))
      and c.relkind in ('r', 'p', 'v', 'm')
      and coalesce(c.relacl, acldefault('r', c.relowner))
          is distinct from coalesce(i.initprivs, acldefault('r', c.relowner))
),
granted as (
    select o.what, e.grantor, e.grantee, e.privilege_type, e.is_grantable,
           (select array_agg(u.privilege_type) from aclexplode(o.usual) u where u.grantee = o.owner) as whole
    from object o, aclexplode(o.acl) e
    where o.acl is not null
),
line as (
    select g.what, format('%s: %s by %s',
               case g.grantee when 0 then 'PUBLIC' else pg_get_userbyid(g.grantee)::text end,
               case when array_agg(g.privilege_type) @> g.whole
                         and (bool_and(g.is_grantable) or not bool_or(g.is_grantable))
                    then 'ALL' || case when bool_and(g.is_grantable) then ' WITH GRANT OPTION' else '' end
                    else string_agg(g.privilege_type
                                    || case when g.is_grantable then ' WITH GRANT OPTION' else '' end,
                                    ', ' order by g.privilege_type collate "C") end,
               pg_get_userbyid(g.grantor)) as text
    from granted g group by g.what, g.whole, g.grantee, g.grantor
)
select 'privileges on ' || o.what, coalesce((
           select string_agg(l.text, '; ' order by l.text collate "C") from line l where l.what = o.what), 'none')
from object o
where o.acl is not null
  and not (o.acl @> o.usual and o.usual @> o.acl)
