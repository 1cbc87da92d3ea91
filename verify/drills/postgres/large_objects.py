"""Large objects as relations: their pages, and who owns them."""

from psycopg import sql

from verify.drills.postgres.session import Session
from verify.drills.postgres.table import Column, Table

CONTENT = "large objects"
OWNERS = "owners of large objects"

_SEEN = b"""
    select exists (select from pg_largeobject_metadata), has_table_privilege('pg_largeobject', 'select')
"""

#: A hole and zeros read the same, and restoring fills holes: so pages without their trailing zeros, and
#: the length as a page of its own.
_PAGES = sql.SQL(
    r"""(
    select loid, pageno, rtrim(data, '\x00'::bytea) as data
    from pg_largeobject where rtrim(data, '\x00'::bytea) <> ''
    union all
    select loid, -1, int8send(max(pageno::int8 * (current_setting('block_size')::int8 / 4) + length(data)))
    from pg_largeobject group by loid
    )"""
)
_METADATA = sql.SQL(
    """(
    select m.oid as loid, pg_get_userbyid(m.lomowner) as owner,
           (select string_agg(format('%s %s %s %s',
                       case e.grantee when 0 then 'PUBLIC' else pg_get_userbyid(e.grantee)::text end,
                       e.privilege_type, e.is_grantable, pg_get_userbyid(e.grantor)),
                   ', ' order by e.grantee = 0, pg_get_userbyid(e.grantee)::text collate "C",
                                 e.privilege_type collate "C", pg_get_userbyid(e.grantor)::text collate "C")
            from aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner))) e) as privileges,
           obj_description(m.oid, 'pg_largeobject') as comment
    from pg_largeobject_metadata m
    )"""
)


def large_objects(session: Session) -> list[Table]:
    """Return the relations that large objects make, none where there are none."""
    exist, may = session.query(_SEEN)[0]
    if not exist:
        return []
    unprovable = "" if may else "the user may not read pg_largeobject: grant it pg_read_all_data"
    return [
        Table(
            name=CONTENT,
            source=_PAGES,
            columns=_columns(data="bytea", loid="oid", pageno="integer"),
            key=("loid", "pageno"),
            unprovable=unprovable,
        ),
        Table(
            name=OWNERS,
            source=_METADATA,
            columns=_columns(comment="text", loid="oid", owner="name", privileges="text"),
            key=("loid",),
        ),
    ]


def _columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type=kind, safe=True) for name, kind in types.items())
