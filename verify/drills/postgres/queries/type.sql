select format('%s %s', case k.typtype when 'd' then 'domain' else 'type' end, k.name), case k.typtype
    when 'e' then 'enum ' || coalesce((
        select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
        from pg_enum e where e.enumtypid = k.oid), '')
    when 'd' then concat_ws(', ',
        format_type(k.typbasetype, k.typtypmod),
        'collation ' || case when k.typcollation <> (
                select b.typcollation from pg_type b where b.oid = k.typbasetype) then (
            select format('%I.%I', n.nspname, l.collname) from pg_collation l
            join pg_namespace n on n.oid = l.collnamespace where l.oid = k.typcollation) end,
        case when k.typnotnull then 'not null' end,
        'default ' || coalesce(pg_get_expr(k.typdefaultbin, 0), k.typdefault))
    when 'r' then (
        select concat_ws(', ',
            'range of ' || format_type(g.rngsubtype, null),
            'by ' || (select format('%I.%I', n.nspname, o.opcname) from pg_opclass o
                      join pg_namespace n on n.oid = o.opcnamespace where o.oid = g.rngsubopc),
            'collation ' || (select format('%I.%I', n.nspname, l.collname) from pg_collation l
                             join pg_namespace n on n.oid = l.collnamespace where l.oid = g.rngcollation),
            'canonical ' || nullif(g.rngcanonical::oid, 0)::regprocedure,
            'difference ' || nullif(g.rngsubdiff::oid, 0)::regprocedure,
            'multirange ' || format_type(g.rngmultitypid, null))
        from pg_range g where g.rngtypid = k.oid)
    when 'c' then 'composite ' || coalesce((
        select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                          || coalesce(' collation ' || case when a.attcollation <> t.typcollation then (
                                 select format('%I.%I', n.nspname, l.collname) from pg_collation l
                                 join pg_namespace n on n.oid = l.collnamespace
                                 where l.oid = a.attcollation) end, ''),
                          ', ' order by a.attnum)
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = k.typrelid and a.attnum > 0 and not a.attisdropped), '')
    when 'b' then concat_ws(', ', 'base',
        format('in %s, out %s', k.typinput::oid::regprocedure, k.typoutput::oid::regprocedure),
        format('length %s, alignment %s, storage %s', k.typlen, k.typalign, k.typstorage))
    else 'shell' end
from kind k
