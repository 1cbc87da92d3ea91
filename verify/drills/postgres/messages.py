"""What psql and pg_restore say went wrong: what is lost, what is of no matter, what is our machine's.

Exit codes cannot tell: psql ends with 0 after a hundred errors, pg_restore with 1 for a role
that is absent. What was said decides what is looked at next; whether rows and catalogue are
those of the source decides the verdict.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Meaning(Enum):
    """What a message means for the backup."""

    BENIGN = "nothing is lost that comparing would not show"
    LOSS = "something was not restored"
    OURS = "the place that is restored into lacks something, not the backup"


@dataclass(frozen=True, slots=True)
class Message:
    """One error, without the file and line it was found at."""

    meaning: Meaning
    text: str


_ERROR = re.compile(
    r"^(?:psql:(?:.*?:\d+: )?|pg_restore: (?:while .*?)?)?\s*"
    r"(?:error: )?(?:could not execute query: )?(?P<level>ERROR|FATAL|PANIC|error|fatal):\s+(?P<text>.+)$"
)
_PLAIN = re.compile(r"^(?:psql|pg_restore|pg_dump): (?:error|fatal): (?P<text>.+)$")
_QUERY = re.compile(r"^(?:could not execute query: )?(?:ERROR|FATAL):\s+")
_BENIGN = tuple(
    re.compile(text)
    for text in (
        r'^role ".*" does not exist$',
        r"^must be (?:able to SET ROLE|a? ?member of role|owner of (?:extension|schema|event trigger))",
        r'^unrecognized configuration parameter "',
        r'^(?:schema|extension|language|database) ".*" already exists$',
        r"^errors ignored on restore",
    )
)
_OURS = tuple(
    re.compile(text)
    for text in (
        r"No space left on device",
        r'^extension ".*" is not available',
        r"^could not open extension control file",
        r"^could not access file .*: No such file or directory",
        r"^could not load library",
        r"^unsupported version \(.*\) in file header",
        r"server closed the connection unexpectedly",
        r"^terminating connection|^the database system is",
        r"^connection to server",
        r"^out of (?:shared )?memory|^could not resize shared memory",
        r'^tablespace ".*" does not exist',
        r"^(?:invalid locale name|could not create locale|encoding .* does not match locale)",
        r"^canceling statement due to",
    )
)


def messages(said: str) -> Iterator[Message]:
    """Yield each error of ``said``, the standard error of psql or pg_restore; warnings are none."""
    for line in said.splitlines():
        match = _ERROR.match(line) or _PLAIN.match(line)
        if match is not None:
            text = _QUERY.sub("", match["text"].strip())
            yield Message(meaning(text), text)


def meaning(text: str) -> Meaning:
    """Return what the error ``text`` means; what is not known to be harmless is a loss."""
    if any(pattern.search(text) for pattern in _OURS):
        return Meaning.OURS
    if any(pattern.search(text) for pattern in _BENIGN):
        return Meaning.BENIGN
    return Meaning.LOSS


def first(said: str, what: Meaning) -> str:
    """Return the first error of this meaning in ``said``, "" where there is none."""
    return next((message.text for message in messages(said) if message.meaning is what), "")
