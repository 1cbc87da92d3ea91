-- What CREATE DATABASE states, and what the name of the copy does not change.
select v.what, v.value
from pg_database d, to_jsonb(d) j, lateral (values
    ('database encoding', pg_encoding_to_char(d.encoding)::text),
    ('database collation', d.datcollate::text),
    ('database ctype', d.datctype::text),
    ('database locale', concat_ws(' ', j ->> 'datlocprovider', coalesce(j ->> 'datlocale', j ->> 'daticulocale'))),
    ('database connection limit', d.datconnlimit::text),
    ('collation-version of the database', j ->> 'datcollversion'),
    ('tablespace of the database', (select spcname::text from pg_tablespace t where t.oid = d.dattablespace)),
    ('owner of the database', pg_get_userbyid(d.datdba)::text)
) v (what, value)
where d.datname = current_database() and v.value is not null
