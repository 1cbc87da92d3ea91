-- What few databases define: collations, casts, operators and their classes, text search, languages.
select format('collation %I.%I', s.nspname, c.collname), concat_ws(', ',
           'provider ' || c.collprovider::text, 'collate ' || c.collcollate, 'ctype ' || c.collctype,
           'locale ' || coalesce(j ->> 'colllocale', j ->> 'colliculocale'),
           'rules ' || (j ->> 'collicurules'),
           case when not c.collisdeterministic then 'not deterministic' end)
from pg_collation c join space s on s.oid = c.collnamespace, to_jsonb(c) j
where not exists (select from member m where m.classid = 'pg_collation'::regclass and m.objid = c.oid)
union all
select format('collation-version of %I.%I', s.nspname, c.collname), c.collversion
from pg_collation c join space s on s.oid = c.collnamespace where c.collversion is not null
union all
select format('cast %s as %s', format_type(c.castsource, null), format_type(c.casttarget, null)),
       concat_ws(', ', 'context ' || c.castcontext::text, 'method ' || c.castmethod::text,
                 'by ' || nullif(c.castfunc, 0)::regprocedure)
from pg_cast c
where c.oid >= 16384
  and not exists (select from member m where m.classid = 'pg_cast'::regclass and m.objid = c.oid)
union all
select 'operator ' || o.oid::regoperator, concat_ws(', ',
           'by ' || o.oprcode::oid::regprocedure,
           'commutator ' || nullif(o.oprcom, 0)::regoperator, 'negator ' || nullif(o.oprnegate, 0)::regoperator,
           'restrict ' || nullif(o.oprrest::oid, 0)::regprocedure, 'join ' || nullif(o.oprjoin::oid, 0)::regprocedure,
           case when o.oprcanmerge then 'merges' end, case when o.oprcanhash then 'hashes' end)
from pg_operator o join space s on s.oid = o.oprnamespace
where not exists (select from member m where m.classid = 'pg_operator'::regclass and m.objid = o.oid)
union all
select format('operator-class %I.%I using %s', s.nspname, c.opcname, a.amname), concat_ws(', ',
           'for ' || format_type(c.opcintype, null), case when c.opcdefault then 'default' end,
           'storage ' || format_type(nullif(c.opckeytype, 0), null),
           'family ' || (select format('%I.%I', n.nspname, f.opfname) from pg_opfamily f
                         join pg_namespace n on n.oid = f.opfnamespace where f.oid = c.opcfamily))
from pg_opclass c join space s on s.oid = c.opcnamespace join pg_am a on a.oid = c.opcmethod
where not exists (select from member m where m.classid = 'pg_opclass'::regclass and m.objid = c.oid)
union all
select format('operator-family %I.%I using %s', s.nspname, f.opfname, a.amname), concat_ws(', ',
           (select string_agg(format('%s %s', o.amopstrategy, o.amopopr::regoperator), ', '
                              order by o.amopstrategy, o.amopopr::regoperator::text collate "C")
            from pg_amop o where o.amopfamily = f.oid),
           (select string_agg(format('%s %s', o.amprocnum, o.amproc::oid::regprocedure), ', '
                              order by o.amprocnum, o.amproc::oid::regprocedure::text collate "C")
            from pg_amproc o where o.amprocfamily = f.oid))
from pg_opfamily f join space s on s.oid = f.opfnamespace join pg_am a on a.oid = f.opfmethod
where not exists (select from member m where m.classid = 'pg_opfamily'::regclass and m.objid = f.oid)
union all
select format('text-search-configuration %I.%I', s.nspname, c.cfgname), concat_ws(', ',
           'parser ' || (select format('%I.%I', n.nspname, p.prsname) from pg_ts_parser p
                         join pg_namespace n on n.oid = p.prsnamespace where p.oid = c.cfgparser),
           (select string_agg(format('%s:%s %s', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', '
                              order by m.maptokentype, m.mapseqno)
            from pg_ts_config_map m where m.mapcfg = c.oid))
from pg_ts_config c join space s on s.oid = c.cfgnamespace
where not exists (select from member m where m.classid = 'pg_ts_config'::regclass and m.objid = c.oid)
union all
select format('text-search-dictionary %I.%I', s.nspname, d.dictname), concat_ws(', ',
           'template ' || (select format('%I.%I', n.nspname, t.tmplname) from pg_ts_template t
                           join pg_namespace n on n.oid = t.tmplnamespace where t.oid = d.dicttemplate),
           d.dictinitoption)
from pg_ts_dict d join space s on s.oid = d.dictnamespace
where not exists (select from member m where m.classid = 'pg_ts_dict'::regclass and m.objid = d.oid)
union all
select format('conversion %I.%I', s.nspname, c.conname), concat_ws(', ',
           format('%s to %s', pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding)),
           'by ' || c.conproc::oid::regprocedure, case when c.condefault then 'default' end)
from pg_conversion c join space s on s.oid = c.connamespace
where not exists (select from member m where m.classid = 'pg_conversion'::regclass and m.objid = c.oid)
union all
select format('language %I', l.lanname), concat_ws(', ',
           case when l.lanpltrusted then 'trusted' end, 'owner ' || pg_get_userbyid(l.lanowner))
from pg_language l
where l.oid >= 16384
  and not exists (select from member m where m.classid = 'pg_language'::regclass and m.objid = l.oid)
union all
select format('transform for %s in %I', format_type(t.trftype, null), l.lanname), concat_ws(', ',
           'from ' || nullif(t.trffromsql::oid, 0)::regprocedure, 'to ' || nullif(t.trftosql::oid, 0)::regprocedure)
from pg_transform t join pg_language l on l.oid = t.trflang
where not exists (select from member m where m.classid = 'pg_transform'::regclass and m.objid = t.oid)
union all
select format('access-method %I', a.amname), format('type %s by %s', a.amtype, a.amhandler::oid::regprocedure)
from pg_am a
where a.oid >= 16384
  and not exists (select from member m where m.classid = 'pg_am'::regclass and m.objid = a.oid)
