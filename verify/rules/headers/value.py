"""A stated header has the stated value on the stated answers, error answers included.

A security header with another value than the documented one protects less than people
believe. Blanks do not count, and case only where the header's standard says so.

Fix: set the stated value where every answer passes (nginx: ``add_header … always``), once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import DROPS, SETS, good
from verify.facts.headers import same_value
from verify.facts.http import Exchange, Get
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The header, the values that are right, and the paths whose answers carry it."""

    header: str
    values: Some[str]
    on: Some[str]

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask each path once."""
        return {"answers": tuple(Get(path=path) for path in self.on)}


STATED = Params(header="X-Frame-Options", values=("DENY",), on=("/", "/missing"))


def answered(*values: str) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(status=404, headers=tuple(("x-frame-options", value) for value in values))


HOLDS = given(STATED, answers=(answered("DENY"), answered("deny ")))
FAILS = [
    given(STATED, answers=(answered("DENY"), answered())),
    given(STATED, answers=(answered("DENY"), answered("SAMEORIGIN"))),
    given(STATED, answers=(answered("DENY"), answered("DENY", "SAMEORIGIN"))),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` drops or changes the stated header on a stated answer."""
    if fault == "headers-missing-on-errors":
        return not all(good(path, reference) for path in stated.on)
    header, value = SETS.get(fault) or (DROPS[fault], "")
    return header == stated.header.lower() and not any(same_value(header, v, value) for v in stated.values)


@rule(severity="error", faults=[*DROPS, *SETS, "headers-missing-on-errors"], refs=["RFC 9110 5.6"])
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Compare each value of the header with the stated ones."""
    expected = " or ".join(stated.values)
    for answer in answers:
        seen = answer.header_values(stated.header)
        yield Seen(", ".join(seen) or "absent", what=f"{stated.header} on {answer.status}")
        wrong = [one for one in seen if not any(same_value(stated.header, v, one) for v in stated.values)]
        if wrong or not seen:
            message = f"{stated.header} {'differs' if wrong else 'is missing'} on {answer.status}"
            yield Finding(answer.place, message, expected, ", ".join(seen) or "absent")
