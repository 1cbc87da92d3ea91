"""The stated folders show no directory listing.

A listing shows uploads, backups and forgotten files to everybody.

Fix: switch the listing off (nginx: ``autoindex off``; Apache: ``Options -Indexes``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.exposure import listed
from verify.facts.http import SHOWS_NOTHING, Exchange, Get, PartError
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Paths of folders: ``/static/``."""

    folders: Some[str]

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask for each folder once."""
        return {"answers": tuple(Get(path=path) for path in self.folders)}


STATED = Params(folders=("/static/",))
HOLDS = [
    given(STATED, answers=Exchange(status=status, body=b"<title>Shop</title>")) for status in (200, 403, 404)
]
FAILS = [
    given(STATED, answers=Exchange(status=200, body=body))
    for body in (b"<head><title>Index of /static/</title>", b"<h1>Directory listing for /static/</h1>")
]

LISTED = "/static/"  # what listing-on lists


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the folder that ``fault`` lists is stated."""
    return LISTED in stated.folders


@rule(severity="error", faults=["listing-on"], refs=["OWASP WSTG-CONF-04"], telling=SHOWS_NOTHING)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:  # noqa: ARG001 - what is stated is in the questions
    """Look for the words of a listing."""
    for answer in answers:
        yield Seen(answer.status, what=f"{answer.url} answers")
        if answer.shows_nothing:
            yield Unknown(answer.refusal)
        try:
            if listed(answer):
                yield Finding(answer.place, "the folder is listed", "no listing", f"status {answer.status}")
        except PartError as error:  # the others are looked at all the same
            yield Unknown(str(error))
