select format('default-privileges of %I%s on %s', pg_get_userbyid(d.defaclrole),
              coalesce(' in schema ' || quote_ident(n.nspname), ''),
              case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
                                   when 'T' then 'types' when 'n' then 'schemas'
                                   else d.defaclobjtype::text end),
       coalesce((
           select string_agg(format('%s: %s%s',
                      case e.grantee when 0 then 'PUBLIC' else pg_get_userbyid(e.grantee)::text end,
                      e.privilege_type, case when e.is_grantable then ' WITH GRANT OPTION' else '' end),
                  ', ' order by e.grantee = 0, pg_get_userbyid(e.grantee)::text collate "C",
                                e.privilege_type collate "C")
           from aclexplode(d.defaclacl) e), 'none')
from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
