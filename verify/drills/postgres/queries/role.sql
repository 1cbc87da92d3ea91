-- The roles that something in this database belongs to, is granted to, or is about.
, used as (
    select distinct s.refobjid as oid
    from pg_shdepend s join pg_database d on d.datname = current_database()
    where s.refclassid = 'pg_authid'::regclass
      and (s.dbid = d.oid or (s.classid = 'pg_database'::regclass and s.objid = d.oid))
    union
    select r.setrole from pg_db_role_setting r join pg_database d on d.oid = r.setdatabase
    where d.datname = current_database() and r.setrole <> 0
)
select format('role %I', r.rolname),
       concat_ws(', ',
           case when r.rolcanlogin then 'LOGIN' else 'NOLOGIN' end,
           case when not r.rolinherit then 'NOINHERIT' end,
           case when r.rolsuper then 'SUPERUSER' end,
           case when r.rolcreatedb then 'CREATEDB' end,
           case when r.rolcreaterole then 'CREATEROLE' end,
           case when r.rolreplication then 'REPLICATION' end,
           case when r.rolbypassrls then 'BYPASSRLS' end,
           case when r.rolconnlimit <> -1 then 'CONNECTION LIMIT ' || r.rolconnlimit end,
           'VALID UNTIL ' || r.rolvaliduntil,
           'member of ' || (
               select string_agg(pg_get_userbyid(m.roleid) || case when m.admin_option then ' (admin)' else '' end,
                                 ', ' order by pg_get_userbyid(m.roleid)::text collate "C")
               from pg_auth_members m where m.member = r.oid),
           'with ' || (
               select string_agg(c, ', ' order by c collate "C")
               from pg_db_role_setting s, unnest(s.setconfig) c
               where s.setdatabase = 0 and s.setrole = r.oid))
from pg_roles r join used u on u.oid = r.oid
where r.rolname !~ '^pg_'
