-- ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE ... SET: no dump carries them.
select format('setting %s of %s', split_part(s.line, '=', 1),
              case r.setrole when 0 then 'the database'
                             else format('role %s in the database', pg_get_userbyid(r.setrole)) end),
       substr(s.line, strpos(s.line, '=') + 1)
from pg_db_role_setting r
join pg_database d on d.oid = r.setdatabase
cross join lateral unnest(r.setconfig) s (line)
where d.datname = current_database()
