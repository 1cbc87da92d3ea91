select 'function ' || r.name, pg_get_functiondef(r.oid) from routine r where r.prokind <> 'a'
union all
select 'aggregate ' || r.name, concat_ws(', ',
           'returns ' || pg_get_function_result(r.oid),
           format('kind %s, direct %s', a.aggkind, a.aggnumdirectargs),
           format('step %s', a.aggtransfn::oid::regprocedure),
           'final ' || nullif(a.aggfinalfn::oid, 0)::regprocedure,
           'combine ' || nullif(a.aggcombinefn::oid, 0)::regprocedure,
           'serial ' || nullif(a.aggserialfn::oid, 0)::regprocedure,
           'deserial ' || nullif(a.aggdeserialfn::oid, 0)::regprocedure,
           'moving ' || nullif(a.aggmtransfn::oid, 0)::regprocedure,
           'inverse ' || nullif(a.aggminvtransfn::oid, 0)::regprocedure,
           'moving final ' || nullif(a.aggmfinalfn::oid, 0)::regprocedure,
           format('state %s', format_type(a.aggtranstype, null)),
           'initially ' || a.agginitval,
           'moving initially ' || a.aggminitval,
           'sorted by ' || nullif(a.aggsortop, 0)::regoperator,
           format('extra %s %s, modifies %s, parallel %s',
                  a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, r.proparallel))
from routine r join pg_aggregate a on a.aggfnoid = r.oid
