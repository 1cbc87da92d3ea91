select format('rule %I on %s', w.rulename, r.name),
       pg_get_ruledef(w.oid) || case w.ev_enabled when 'D' then ', disabled' when 'R' then ', on replicas'
                                                  when 'A' then ', always' else '' end
from relation r join pg_rewrite w on w.ev_class = r.oid
where w.rulename <> '_RETURN'
