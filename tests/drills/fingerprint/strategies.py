"""Databases for properties: schemas over forty types, awkward values and names, and extras of the catalogue.

``databases()`` gives a ``Made``: statements that build it in an empty database.
``TYPES`` are strategies for the text of values by type, ``EXTRAS`` statements that stand for themselves.
"""

# ruff: noqa: S608, E501 - SQL as it would stand in a file of its own

import re
import string
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

#: Debian's servers have contrib, ICU and XML; for those of wheels, which have none, others of the same names
_FULL = """
    create extension citext; create extension hstore; create extension ltree;
    create collation app.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
"""
_BARE = """
    create domain citext as text; create domain hstore as text; create domain ltree as text;
    create collation app.blind from "C";
"""
_TYPES = """
    create schema app; create schema "Odd ""Schema";
    create type app.mood as enum ('sad', 'glad');
    alter type app.mood add value 'so so' before 'glad';
    create type app.pair as (m app.mood, n numeric);
    create domain app.positive as int check (value > 0);
    create domain app.label as varchar(40) not null default '-';
    create type app.span as range (subtype = float8, subtype_diff = float8mi);
"""
PRELUDE = _TYPES + _FULL


def one_of(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


def integers(bits: int) -> st.SearchStrategy[str]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).map(str)


def floats(width: int) -> st.SearchStrategy[str]:
    return st.floats(width=width).map(
        lambda value: repr(value).replace("inf", "Infinity").replace("nan", "NaN")
    )


TEXTS = st.one_of(
    one_of(
        "",
        " ",
        "a ",
        "\\",
        "\\.",
        "\t",
        "\r\n",
        "\n\\.\n",
        "NULL",
        "\\N",
        "'",
        '"',
        "é",
        "e\u0301",
        "😀",
        "\u2028",
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)
WORDS = st.text(string.ascii_letters, min_size=1, max_size=8)
JSONS = st.recursive(
    one_of("null", "true", "1.0", "1.00", "1e400", '""', '"\\u00e9"', '"\\\\"', "-0"),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(WORDS, inner, max_size=3).map(
            lambda items: "{" + ", ".join(f'"{name}": {value}' for name, value in items.items()) + "}"
        )
    ),
    max_leaves=5,
)
NUMERICS = st.one_of(
    one_of("NaN", "Infinity", "-Infinity", "0", "0.0", "-0.00", "1.0", "1.00", "1e130000", "1e-16000"),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
)
TIMESTAMPS = st.one_of(
    one_of(
        "infinity",
        "-infinity",
        "4713-01-01 BC",
        "0044-03-15 12:00 BC",
        "1883-11-18 12:03:58",
        "294276-12-31 23:59:59.999999",
    ),
    st.datetimes().map(str),
)
DATES = st.one_of(one_of("infinity", "-infinity", "0044-03-15 BC", "2024-02-29"), st.dates().map(str))
BYTES = st.binary(max_size=12).map(lambda value: "\\x" + value.hex())

TYPES: dict[str, st.SearchStrategy[str]] = {
    "smallint": integers(16),
    "integer": integers(32),
    "bigint": integers(64),
    "oid": st.integers(0, 2**32 - 1).map(str),
    "boolean": one_of("t", "f"),
    "real": floats(32),
    "double precision": floats(64),
    "numeric": NUMERICS,
    "numeric(9,3)": st.integers(-(10**8), 10**8).map(lambda value: str(value / 1000)),
    "money": st.integers(-(10**12), 10**12).map(lambda value: str(value / 100)),
    "text": TEXTS,
    'text collate app."blind"': TEXTS,
    "varchar(30)": TEXTS,
    "char(20)": TEXTS,
    "bpchar": TEXTS,
    "name": WORDS,
    '"char"': st.sampled_from(string.ascii_letters),
    "citext": TEXTS,
    "bytea": BYTES,
    "date": DATES,
    "time": st.times().map(str),
    "timetz": st.times().map(lambda value: f"{value}+05:45"),
    "timestamp": TIMESTAMPS,
    "timestamptz": TIMESTAMPS,
    "interval": one_of(
        "1 mon", "30 days", "1 day", "24:00", "-1 mon +2 days", "0.000001 s", "178000000 years"
    ),
    "uuid": st.uuids().map(str),
    "json": st.one_of(JSONS, one_of('{"a":1,"a":2}', ' {"a" : 1} ')),
    "jsonb": JSONS.filter(lambda text: "400" not in text),
    "xml": one_of("<a/>", "<a></a>", "text", "<a b='c'/>"),
    "inet": one_of("10.0.0.1", "10.0.0.1/8", "::1", "fe80::1/64"),
    "cidr": one_of("10.0.0.0/8", "::/0"),
    "macaddr": st.binary(min_size=6, max_size=6).map(bytes.hex),
    "bit(5)": st.text("01", min_size=5, max_size=5),
    "bit varying": st.text("01", max_size=9),
    "point": one_of("(0,-0)", "(1.5,NaN)", "(Infinity,1e-300)"),
    "box": one_of("(1,1),(0,0)", "(0.1,0.2),(0.3,0.4)"),
    "tsvector": one_of("a:1A fat:2 cat", "'it''s':3", ""),
    "tsquery": one_of("a & b", "!a <-> b"),
    "int4range": one_of("empty", "[1,5)", "(,3]", "[2,)"),
    "tstzrange": one_of("[2024-01-01,2024-02-01)", "(,infinity]", "empty"),
    "nummultirange": one_of("{}", "{[1.0,2),[3,4]}"),
    "integer[]": one_of("{}", "{1,NULL}", "[0:1]={1,2}", "{{1,2},{3,4}}"),
    "text[]": one_of("{}", '{"NULL",NULL}', '{"a,b","\\\\"}', '{""}'),
    "app.mood": one_of("sad", "so so", "glad"),
    "app.mood[]": one_of("{}", "{glad,NULL,sad}"),
    "app.pair": one_of("(glad,1.0)", "(,)", "(sad,NaN)"),
    "app.positive": st.integers(1, 2**31 - 1).map(str),
    "app.label": TEXTS,
    "app.span": one_of("[0.1,0.3)", "empty", "[-Infinity,)"),
    "hstore": one_of("", '"a"=>"1"', '"a"=>NULL, "b"=>"\\\\"'),
    "ltree": one_of("a.b.c", "", "Top.Science"),
    "pg_lsn": one_of("0/0", "16/B374D848"),
    "txid_snapshot": one_of("10:20:10,14,15"),
    "jsonpath": one_of("$.a[*]", 'strict $."b"'),
}
#: types that may be a key of their own
KEYS = ("integer", "bigint", "uuid", "text", "numeric", "timestamptz", "citext", "app.mood", "bytea")
NAMES = (
    "id", "v", "t", "q", "h", "b", "k", "c", "__fp_row", "row", "select", "user", 'Odd "Name', "per%cent %s",
    "größe", "a b", "x" * 63, "'", "\\", "😀", "tableoid2", "count", "{}", "dollar$1",
)  # fmt: skip
TABLES = ('app."t"', '"Odd ""Schema"."a.b"', "public.orders", 'app."select"', 'public."Ünï%s"', 'app."__fp"')


@dataclass(frozen=True)
class Column:
    name: str
    type: str

    @property
    def quoted(self) -> str:
        return quoted(self.name)

    @property
    def definition(self) -> str:
        return f"{self.quoted} {self.type}"


@dataclass(frozen=True)
class Table:
    """``rows`` are literals in the order of ``columns``; ``key`` names the first columns or nothing."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def statements(self) -> tuple[str, ...]:
        key = f"primary key ({', '.join(map(quoted, self.key))})" if self.key else ""
        parts = [*(column.definition for column in self.columns), *([key] if key else [])]
        create = f"create table {self.name} ({', '.join(parts)})"
        ignore = " on conflict do nothing" if self.key else ""
        names = ", ".join(column.quoted for column in self.columns)
        inserts = (
            f"insert into {self.name} ({names}) values ({', '.join(row)}){ignore}"
            if names
            else f"insert into {self.name} default values"
            for row in self.rows
        )
        return (create, *inserts)


@dataclass(frozen=True)
class Made:
    """A database: its tables, and the names of the extras that it has besides."""

    tables: tuple[Table, ...]
    extras: tuple[str, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        return (
            PRELUDE,
            *(statement for table in self.tables for statement in table.statements),
            *(EXTRAS[name] for name in self.extras),
        )


def quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def literal(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def values(kind: str, *, null: bool = True) -> st.SearchStrategy[str]:
    """Give literals of the type ``kind``, with its own cast."""
    plain = kind.partition(" collate ")[0]
    some = TYPES[kind].map(lambda value: f"{literal(value)}::{plain}")
    return st.one_of(st.just("null"), some) if null and kind != "app.label" else some


@st.composite
def tables(draw: st.DrawFn, name: str, *, full: bool = True) -> Table:
    kinds = tuple(kind for kind in TYPES if full or "xml" not in kind)
    names = draw(st.lists(st.sampled_from(NAMES), min_size=0, max_size=5, unique=True))
    keyed = bool(names) and draw(st.booleans())
    count = draw(st.integers(1, min(2, len(names)))) if keyed else 0
    columns = tuple(
        Column(each, draw(st.sampled_from(KEYS if place < count else kinds)))
        for place, each in enumerate(names)
    )
    row = st.tuples(*(values(column.type, null=place >= count) for place, column in enumerate(columns)))
    rows = draw(st.lists(row, max_size=5))
    return Table(name, columns, tuple(names[:count]), tuple(rows))


def prelude(*, full: bool) -> str:
    """Return the types that tables are made of."""
    return PRELUDE if full else _TYPES + _BARE


@st.composite
def databases(draw: st.DrawFn, *, extras: int = 4, full: bool = True) -> Made:
    names = draw(st.lists(st.sampled_from(TABLES), min_size=1, max_size=3, unique=True))
    beyond = re.compile("create extension|provider = icu|xml|lz4")
    pool = sorted(name for name, script in EXTRAS.items() if full or not beyond.search(script))
    chosen = st.lists(st.sampled_from(pool), max_size=extras, unique=True)
    return Made(tuple(draw(tables(name, full=full)) for name in names), tuple(draw(chosen)))


Strategy = Callable[..., st.SearchStrategy[Made]]

#: things that a dump has to carry, each in a schema or under names of its own
EXTRAS: dict[str, str] = {
    "foreign keys": """
        create schema fk; create table fk.a (id int primary key, up int references fk.a);
        insert into fk.a values (1, null), (2, 1);
        create table fk.b (a int references fk.a on delete cascade deferrable initially deferred, n int,
            unique (a, n)); insert into fk.b values (2, 1), (null, 2);""",
    "generated and identity": """
        create table gen (id int generated always as identity (start 10 increment 5), n numeric,
            twice numeric generated always as (n * 2) stored, d int generated by default as identity);
        insert into gen (n) values (1.50), ('NaN');""",
    "sequences": """
        create sequence down increment -3 minvalue -99 maxvalue 9 cycle; select nextval('down');
        create sequence fresh start 7; create sequence set; select setval('set', 41, false);
        create table ser (id bigserial primary key); insert into ser default values;""",
    "partitions": """
        create schema part; create table part.p (id int, at date, v text) partition by range (at);
        create table part.p1 partition of part.p for values from ('2024-01-01') to ('2024-02-01');
        create table part.rest partition of part.p default; create index on part.p (v);
        alter table part.p add primary key (id, at);
        create table part.sub partition of part.p for values from (minvalue) to ('2023-01-01')
            partition by hash (id);
        create table part.sub0 partition of part.sub for values with (modulus 1, remainder 0);
        insert into part.p values (1, '2024-01-05', 'a'), (2, '2025-01-01', 'b'), (3, '2022-01-01', 'c');
        alter table part.p detach partition part.p1;""",
    "partitions with foreign keys": """
        create schema pf; create table pf.target (id int primary key);
        insert into pf.target values (1);
        create table pf.p (id int references pf.target) partition by list (id);
        create table pf.one partition of pf.p for values in (1); insert into pf.p values (1);""",
    "inheritance": """
        create schema inh; create table inh.base (a int, constraint pos check (a > 0));
        create table inh.child (own text, check (own <> '') no inherit) inherits (inh.base);
        alter table inh.base add later int default 3;
        insert into inh.base values (1); insert into inh.child values (2, 'x');""",
    "dropped columns": """
        create table dropped (a int, gone text, b text); insert into dropped values (1, 'x', 'y');
        alter table dropped drop column gone; alter table dropped add c int default 9;""",
    "unlogged": "create unlogged table u (id int primary key); insert into u values (1)",
    "row security": """
        create table rls (owner name, v int); insert into rls values ('a', 1), ('b', 2);
        alter table rls enable row level security; alter table rls force row level security;
        create policy own on rls for select to public using (owner = current_user);
        create policy strict on rls as restrictive for insert with check (v > 0);""",
    "triggers": """
        create function touch() returns trigger language plpgsql as $$begin return new; end$$;
        create table trig (id int); create trigger one before insert on trig for each row
            when (new.id > 0) execute function touch();
        create trigger off after update of id on trig execute function touch();
        create trigger every after delete on trig execute function touch();
        alter table trig disable trigger off; alter table trig enable always trigger every;""",
    "constraints not valid": """
        create table nv (id int, v varchar(9)); insert into nv values (-1, 'z');
        alter table nv add constraint positive check (id > 0) not valid;
        alter table nv add constraint listed check (v in ('a', 'it''s')) not valid;""",
    "exclusion": """
        create table excl (during tstzrange, exclude using gist (during with &&));
        insert into excl values ('[2024-01-01,2024-02-01)');""",
    "views and rules": """
        create table vt (id int, v varchar); create view v1 with (security_barrier) as
            select *, v in ('a', 'b') as listed from vt where id between 1 and 9 with local check option;
        create view v2 as select count(*) filter (where listed) as n, max(id) from v1 group by v;
        create recursive view nums (n) as select 1 union all select n + 1 from nums where n < 5;
        create rule r as on insert to v2 do instead nothing;
        create rule note as on update to vt do also notify changed;""",
    "materialised views": """
        create materialized view mv as select 1 as id, 'x'::text as v; create unique index on mv (id);
        create materialized view empty as select 1 as id with no data;""",
    "large objects": """
        select lo_from_bytea(4242, decode(repeat('00ff', 3000), 'hex'));
        select lo_put(lo_create(4243), 9000, 'far'); grant select on large object 4242 to pg_monitor;
        comment on large object 4243 is 'late';""",
    "privileges": """
        create table acl (a int, b int); grant select, insert on acl to pg_monitor with grant option;
        grant update (b) on acl to public; revoke delete on acl from current_user;
        create function shut() returns int language sql as 'select 1'; revoke all on function shut() from public;
        grant usage on schema public to pg_read_all_stats; grant create on schema public to public;
        create type lonely as enum (); revoke all on type lonely from public;
        revoke all on function pg_catalog.pg_sleep(float8) from public;""",
    "default privileges": """
        create schema dp; alter default privileges in schema dp grant select on tables to pg_monitor;
        alter default privileges revoke execute on functions from public;""",
    "comments": """
        create table noted (id int primary key); comment on table noted is 'it''s';
        comment on column noted.id is E'line\\nbreak'; comment on constraint noted_pkey on noted is 'key';
        comment on schema public is 'ours'; comment on index noted_pkey is 'index';""",
    "indexes": """
        create table ix (id int, v text, j jsonb); create index on ix (lower(v) desc nulls last) where id > 0;
        create unique index on ix (id) include (v) nulls not distinct; create index on ix using gin (j jsonb_path_ops)
            with (fastupdate = off); create index by_hash on ix using hash (v);
        create index stat on ix ((id + 1)); alter index stat alter column 1 set statistics 77;
        alter table ix cluster on stat; create unique index ident on ix (id);
        alter table ix alter id set not null; alter table ix replica identity using index ident;""",
    "storage and statistics": """
        create table st (a text, b text compression pglz, c int) with (fillfactor = 70, autovacuum_enabled = off,
            toast.autovacuum_enabled = off);
        alter table st alter a set storage external; alter table st alter c set statistics 500;
        alter table st alter c set (n_distinct = -0.5);
        create statistics both_of (dependencies, mcv) on a, c from st; alter statistics both_of set statistics 50;""",
    "functions": """
        create function named(a int, variadic b text[] default '{}') returns table (x int, y text)
            language plpgsql stable strict security definer cost 7 rows 3 parallel safe set search_path = pg_catalog
            as $f$begin return query select a, 'it''s $x$ \\ '::text; end$f$;
        create function inlined(a int) returns int immutable return a + 1;
        create procedure p(inout a int) language sql begin atomic select a + 1; end;
        create function add(numeric, numeric) returns numeric language sql immutable as 'select $1 + $2';
        create aggregate total(numeric) (sfunc = add, stype = numeric, initcond = '0', combinefunc = add);
        create function weighs(text) returns boolean language sql as 'select length($1) > 0';
        create table checked (v text check (weighs(v)), d int default length('abc'));
        insert into checked values ('x');""",
    "types": """
        create type holder as (a int, b text collate "C", c app.pair); create type empty_one as ();
        create domain code as text collate "C" default 'x' constraint shape check (value ~ '^[a-z]+$' and value <> 'y');
        create type ends as range (subtype = text, collation = "C"); create type shell;
        create table typed of holder (a with options default 5);
        insert into typed values (1, 'x', '(glad,1.0)');""",
    "operators and casts": """
        create function eq3(app.pair, app.pair) returns boolean language sql immutable as 'select $1::text = $2::text';
        create operator === (leftarg = app.pair, rightarg = app.pair, function = eq3, commutator = ===);
        create cast (app.pair as text) with inout as assignment;
        create function halves(int) returns app.span language sql as 'select app.span(0, $1)';
        create cast (int as app.span) with function halves(int);""",
    "text search": """
        create text search dictionary plain_of (template = simple, stopwords = english);
        create text search configuration ours (copy = simple);
        alter text search configuration ours alter mapping for word with plain_of, simple;""",
    "collations": """
        create collation app.german (provider = icu, locale = 'de-u-co-phonebk');
        create table coll (v text collate "C", w text collate app.german);
        insert into coll values ('ä', 'ö'); create index on coll (v collate app.german);""",
    "event trigger": """
        create function watch() returns event_trigger language plpgsql as 'begin end';
        create event trigger et on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function watch();
        alter event trigger et disable;""",
    "publications": """
        create table pubbed (id int primary key, v text, w text);
        create publication part_of for table pubbed (id, v) where (id > 3) with (publish = 'insert, update');
        create publication whole for tables in schema app;""",
    "foreign server": """
        create extension postgres_fdw; create server far foreign data wrapper postgres_fdw options (host 'h', dbname 'd');
        create user mapping for current_user server far options (user 'u', password 'hidden');""",
    "extension in a schema": "create schema ext; create extension pg_trgm schema ext; create extension pgcrypto",
}
