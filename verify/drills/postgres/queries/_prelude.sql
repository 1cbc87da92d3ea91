-- Before every query: what belongs to the user, and not to the server or to an extension.
with
space as (
    select oid, nspname::text from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
),
member as (
    select classid, objid from pg_depend where deptype = 'e'
),
relation as (
    select c.*, format('%I.%I', s.nspname, c.relname) as name,
           case c.relkind when 'r' then 'table' when 'p' then 'table' when 'f' then 'foreign table'
                          when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
                          when 'i' then 'index' when 'I' then 'index' else 'type' end as kind
    from pg_class c join space s on s.oid = c.relnamespace
    where c.relpersistence <> 't'
      and not exists (select from member m where m.classid = 'pg_class'::regclass and m.objid = c.oid)
),
routine as (
    select p.*, format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name
    from pg_proc p join space s on s.oid = p.pronamespace
    where not exists ( -- a range's own functions come with it, whatever rights they have
        select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i'))
),
kind as (
    select t.*, format('%I.%I', s.nspname, t.typname) as name
    from pg_type t join space s on s.oid = t.typnamespace
    left join pg_class c on c.oid = t.typrelid
    where (t.typrelid = 0 or c.relkind = 'c')
      and not (t.typcategory = 'A' and t.typelem <> 0 and t.typsubscript = 'array_subscript_handler'::regproc)
      and t.typtype <> 'm'
      and not exists (select from member m where m.classid = 'pg_type'::regclass and m.objid = t.oid)
)
