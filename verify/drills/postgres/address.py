"""Where a database is, and how programs are told without a secret on their command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Self
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo, pq

from verify.drills.errors import DrillError

_SHAPE = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
#: those of the address itself; the rest are parameters of the connection
_PARTS = frozenset({"host", "port", "user", "password", "dbname"})


@dataclass(frozen=True, slots=True)
class Address:
    """A database's address as libpq has it: ``parameters`` by keyword, ``words`` without secrets."""

    parameters: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, dsn: str, *, stage: str = "take") -> Self:
        """Read a URL or a conninfo string; raise ``DrillError`` of ``stage`` that does not repeat it."""
        scheme = dsn.partition("://")[0]
        if "+" in scheme and scheme.startswith("postgres") and "://" in dsn:
            raise DrillError(
                stage, f"the address begins with {scheme}://, which is SQLAlchemy's: expected {_SHAPE}"
            )
        try:
            found = conninfo.conninfo_to_dict(dsn)
        except psycopg.Error:  # its message repeats the text, and with it the password
            raise DrillError(stage, f"the address cannot be read: expected {_SHAPE}") from None
        return cls({name: str(value) for name, value in found.items() if value is not None})

    @property
    def database(self) -> str:
        """Return the database's name, "" where it is not stated."""
        return self.parameters.get("dbname", "")

    @property
    def password(self) -> str:
        """Return the secret in it, "" without one."""
        return self.parameters.get("password", "")

    @property
    def words(self) -> str:
        """Name it in a message."""
        place = self.parameters.get("host", "") or self.parameters.get("hostaddr", "") or "the default host"
        port = "" if place.startswith("/") else f":{self.parameters.get('port', '5432')}"
        return f"database {self.database or '(default)'} on {place}{port}"

    @property
    def dsn(self) -> str:
        """Return it for libpq, with its password."""
        return conninfo.make_conninfo("", **self.parameters)

    @property
    def url(self) -> str:
        """Return it as a URL with its password: what the variables of scripts hold."""
        at = self.parameters
        login = quote(at.get("user", ""), safe="")
        if at.get("password"):
            login += f":{quote(at['password'], safe='')}"
        place = quote(at.get("host", ""), safe="")
        if at.get("port"):
            place += f":{at['port']}"
        rest = {name: text for name, text in at.items() if name not in _PARTS}
        return (
            f"postgresql://{login}{'@' if login else ''}{place}/{quote(self.database, safe='')}"
            f"{'?' + urlencode(rest) if rest else ''}"
        )

    def at(self, database: str) -> "Address":
        """Return the address of another database on the same server."""
        return Address({**self.parameters, "dbname": database})

    def environment(self) -> dict[str, str]:
        """Return the variables that tell libpq's programs all of it."""
        variables = _variables()
        return {variables[name]: text for name, text in self.parameters.items() if name in variables}


@cache
def _variables() -> dict[str, str]:
    known = pq.Conninfo.get_defaults()
    return {each.keyword.decode(): each.envvar.decode() for each in known if each.envvar}
