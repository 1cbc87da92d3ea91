select format('statistics %I.%I', s.nspname, x.stxname),
       pg_get_statisticsobjdef(x.oid) || coalesce(', target ' || nullif(x.stxstattarget::int, -1), '')
from pg_statistic_ext x join space s on s.oid = x.stxnamespace
