"""Files and pages that are nobody's business are not served.

Scanners ask every address for ``/.env`` and ``/.git/HEAD`` within hours. The content
decides: a start page that answers every path exposes nothing, and a refusal is fine.

Fix: serve only what is meant to be (no document root in the source folder); move admin
and status pages behind a login or a private network.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.exposure import PATHS, exposed
from verify.facts.http import Exchange, Get
from verify.rules import Finding, ReferenceSpec, Seen, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The usual paths and ``also`` more of your own, without those you ``allow``."""

    also: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Return each path that must not be served."""
        return tuple(path for path in (*PATHS, *self.also) if path not in self.allow)

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask for each path once."""
        return {"answers": tuple(Get(path=path) for path in self.paths)}


STATED = Params(allow=PATHS[1:])
HTML = b"<!doctype html><title>Shop</title> A = 1"
HOLDS = [
    given(STATED, answers=Exchange(status=status, body=body))
    for status, body in ((404, b"A=1"), (403, b""), (200, HTML), (200, b"hello"))
]
FAILS = [
    given(STATED, answers=Exchange(status=200, body=b"# ours\nSECRET_KEY=1\n")),
    given(Params(allow=PATHS, also=("/notes.txt",)), answers=Exchange(status=200, body=b"todo")),
    given(Params(allow=PATHS[:5] + PATHS[6:]), answers=Exchange(status=200, body=b"<html>Django site admin")),
]
OPENS = {
    "env-exposed": {"/.env"},
    "git-exposed": {"/.git/HEAD", "/.git/config"},
    "backup-exposed": {"/backup.sql"},
    "admin-default": {"/admin/"},
    "status-open": {"/server-status", "/__debug__/"},
}


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a path that ``fault`` serves is asked for."""
    return not OPENS[fault].isdisjoint(stated.paths)


@rule(severity="blocker", faults=[*OPENS], refs=["OWASP WSTG-CONF-04", "OWASP WSTG-CONF-05"])
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Look at the content of each answer."""
    shown = [exposed(path, answer) for path, answer in zip(stated.paths, answers, strict=True)]
    refused = sum(answer.status in {401, 403} for answer in answers)
    yield Seen(f"{shown.count('')} of {len(shown)}", what=f"not served ({refused} refused)")
    for path, answer, words in zip(stated.paths, answers, shown, strict=True):
        if words:
            yield Finding(answer.place, f"{path} is served", "not served", words.partition("=")[0])
