select format('policy %I on %s', p.polname, r.name), concat_ws(', ',
           case when p.polpermissive then 'permissive' else 'restrictive' end,
           'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                                   when 'd' then 'delete' else 'all' end,
           'to ' || (select string_agg(case o when 0 then 'PUBLIC' else pg_get_userbyid(o)::text end, ', '
                                       order by pg_get_userbyid(o)::text collate "C")
                     from unnest(p.polroles) o),
           'using ' || pg_get_expr(p.polqual, p.polrelid),
           'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
from relation r join pg_policy p on p.polrelid = r.oid
