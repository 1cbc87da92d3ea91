select format('publication %I', p.pubname), concat_ws(', ',
           case when p.puballtables then 'all tables' end,
           case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
           case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end,
           case when p.pubviaroot then 'via root' end,
           (select string_agg(format('table %I.%I', n.nspname, c.relname),
                              ', ' order by format('%I.%I', n.nspname, c.relname) collate "C")
            from pg_publication_rel l join pg_class c on c.oid = l.prrelid
            join pg_namespace n on n.oid = c.relnamespace where l.prpubid = p.oid))
from pg_publication p
union all
select format('subscription %I', subname), 'to ' || array_to_string(subpublications, ', ')
from pg_subscription
where subdbid = (select oid from pg_database where datname = current_database())
