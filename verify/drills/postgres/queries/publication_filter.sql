-- since 150000
select format('publication %I of schema %I', p.pubname, n.nspname), 'all its tables'
from pg_publication_namespace l
join pg_publication p on p.oid = l.pnpubid
join pg_namespace n on n.oid = l.pnnspid
union all
select format('publication %I of columns of %I.%I', p.pubname, n.nspname, c.relname), (
           select string_agg(quote_ident(a.attname), ', ' order by a.attname collate "C")
           from unnest(l.prattrs::int2[]) k join pg_attribute a on a.attrelid = l.prrelid and a.attnum = k)
from pg_publication_rel l
join pg_publication p on p.oid = l.prpubid
join pg_class c on c.oid = l.prrelid
join pg_namespace n on n.oid = c.relnamespace
where l.prattrs is not null
union all
select format('publication %I of rows of %I.%I', p.pubname, n.nspname, c.relname),
       pg_get_expr(l.prqual, l.prrelid)
from pg_publication_rel l
join pg_publication p on p.oid = l.prpubid
join pg_class c on c.oid = l.prrelid
join pg_namespace n on n.oid = c.relnamespace
where l.prqual is not null
