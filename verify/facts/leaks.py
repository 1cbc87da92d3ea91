"""What an answer for everybody gives away of the system behind it."""

import re
from collections import deque
from collections.abc import Iterator

from verify.facts.debug import MARKS, given_away
from verify.facts.http import Exchange
from verify.model.text import abridged

_VERSIONS = re.compile(r"version|release|revision|commit|^build|^git")
_SOFTWARE = re.compile(r"^(?:python|django|postgres\w*|mysql|redis|celery|node|nginx)$")
_NUMBER = re.compile(r"\d\.\d")
_HOSTS = re.compile(
    r"^(?:host|hostname|host_?name|server|pod|node_?name|instance|container(?:_?id)?|ip|address)$"
)
_VALUES = {
    "a connection string": re.compile(
        r"\b(?:postgres(?:ql)?|mysql|mariadb|redis|rediss|amqps?|mongodb(?:\+srv)?)://\S+"
    ),
    "an internal address": re.compile(
        r"\b(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})\b"
        r"|(?<![\w-])(?:[\w-]{1,63}\.){1,8}(?:internal|local|svc)\b"
    ),
    "a file of the system": re.compile(r"(?:/(?:usr|home|app|srv|opt|var)/[\w./-]{1,200}\.py)\b"),
}
_MOST = 10_000


def leaks(answer: Exchange) -> Iterator[tuple[str, str, str]]:
    """Yield (the member's name or an empty text, what is given away, the words that show it).

    Raise ``PartError`` after what a part of the body shows.
    """
    for what, words in given_away(answer, MARKS | _VALUES):
        yield "", what, words
    try:
        body = answer.json()
    except ValueError:
        return
    for name, value in _members(body):
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            numbered = _SOFTWARE.match(name.lower()) and _NUMBER.search(str(value))
            if numbered or _VERSIONS.search(name.lower()):
                yield name, "a version", abridged(f"{name}: {value}")
            elif _HOSTS.search(name.lower()):
                yield name, "a host", abridged(f"{name}: {value}")


def _members(body: object) -> Iterator[tuple[str, object]]:
    waiting: deque[object] = deque([body])
    for _ in range(_MOST):
        if not waiting:
            return
        value = waiting.popleft()
        if isinstance(value, dict):
            yield from value.items()
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
