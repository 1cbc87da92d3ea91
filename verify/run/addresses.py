"""The passwords in the address of a database, as libpq and others read it."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from verify.effects.cuts import SHORTEST
from verify.effects.redact import Redactor

_QUERY = re.compile(r"[?&](?:ssl)?password=([^&#\s]*)", re.IGNORECASE)
_WORD = re.compile(r"(?:^|\s)(?:ssl)?password\s*=\s*(?:'((?:[^'\\]|\\.)*)|((?:[^\s\\]|\\.)*))", re.DOTALL)
_SEPARATORS = re.compile(r"[/?#@]")


def learn(redactor: Redactor, variable: str, value: str) -> None:
    """Let ``redactor`` know ``value``, and the password in it where it is an address.

    Raise ``ValueError`` where the secret cannot be told from ordinary text.
    """
    if "://" in value:
        for readings in _in_url(value):
            _learn(redactor, variable, readings)
        return
    redactor.add(variable, value)
    for found in _WORD.finditer(value):  # host=… password=…
        password = re.sub(r"\\(.)", r"\1", found[1] if found[1] is not None else found[2], flags=re.DOTALL)
        if password:
            redactor.add(variable, password)


def _in_url(url: str) -> Iterator[list[str]]:
    """Yield each password in ``url`` as it may be read, percent-encoded: nobody agrees on where it ends."""
    rest = url.partition("://")[2]
    first, last = rest.partition("@"), rest.rpartition("@")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")
    users = [first[0] if first[1] else "", authority[0]]  # libpq's way, and that of URLs
    if not authority[1]:
        users.append(last[0])  # nobody's way: a password with a slash in it that should be %2F
    passwords = dict.fromkeys(user.partition(":")[2] for user in users)
    yield [password for password in passwords if password]
    yield from ([password] for password in _QUERY.findall(url) if password)


def _learn(redactor: Redactor, variable: str, readings: list[str]) -> None:
    told = [each for each in readings if len(unquote(each).strip()) >= SHORTEST]
    for each in told or readings:
        parts = [part for part in _SEPARATORS.split(each) if len(part) >= SHORTEST]  # taken for host or name
        for password in (each, unquote(each), unquote_plus(each), *parts):
            redactor.add(variable, password)
