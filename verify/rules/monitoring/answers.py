"""Each stated place where the system is watched answers, and knows the service.

A dashboard that moved, an account that ended and a project that was never made look the same
in a document: as if somebody watched. The day they are needed is the wrong one to find out.

Fix: bring the place up, or state where it is now; make the dashboard, the job or the project of
the service, and give the account the right to read it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.contract.words import shown
from verify.facts.http import IN_FRONT, Exchange, PartError
from verify.facts.monitoring import Look, Looked, OddAnswerError, knows
from verify.rules import Finding, ReferenceSpec, Seen, Some, SourceName, Stated, Unknown, given, rule

DENIED = (401, 403)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The sources, by their names under `monitoring:`; the word to look for is their own `knows:`."""

    sources: Some[SourceName]

    def needs(self) -> dict[str, tuple[Look, ...]]:
        """Look at each once."""
        return {"looked": tuple(Look(source=name) for name in self.sources)}


STATED = Params(sources=("dashboards",))
FOUND = Exchange(status=200, body=b'[{"title": "Shop / Overview"}]')
GOOD = Looked(kind="grafana", knows="shop", answer=FOUND)
HOLDS = given(STATED, looked=(GOOD,))
FAILS = [
    given(STATED, looked=(replace(GOOD, answer=Exchange(status=200, body=b"[]")),)),
    given(STATED, looked=(replace(GOOD, answer=Exchange(status=503)),)),
    given(STATED, looked=(replace(GOOD, answer=None, reason="connection refused"),)),
    given(STATED, looked=(replace(GOOD, kind="cloudwatch", answer=None, listed=("other",)),)),
    given(STATED, looked=(replace(GOOD, kind="page", answer=Exchange(status=200, body=b"Acme")),)),
    given(STATED, looked=(replace(GOOD, kind="page", answer=Exchange(status=404)),)),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether the reference is watched: whether a dashboard is stated, the environment alone knows."""
    return reference.monitoring


@rule(severity="warning", faults=["dashboard-unknown"], telling=IN_FRONT)
def check(looked: tuple[Looked, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Judge each answer by its kind."""
    for name, one in zip(stated.sources, looked, strict=True):
        answer, good = one.answer, one.expect if one.kind == "page" else (200,)
        if answer is None and one.listed is None:
            yield Finding(one.url, f"{name} does not answer", "an answer", one.reason)
        elif answer is None or answer.status in good:
            yield from _judged(name, one)
        elif answer.status in DENIED:
            yield Unknown(f"{answer.place} answered {answer.status}: state the source's own `account:`")
        else:
            wanted = " or ".join(map(str, good))
            yield Finding(answer.place, f"{name} does not answer well", wanted, str(answer.status))


def _judged(name: str, one: Looked) -> Iterator[Finding | Unknown | Seen]:
    try:
        known = knows(one)
    except (OddAnswerError, PartError) as error:
        yield Unknown(str(error))
        return
    yield Seen(
        "knows" if known and one.knows else "answers",
        what=f"{name} {shown(one.knows)}" if one.knows else name,
    )
    if not known:
        yield Finding(
            one.url, f"{name} does not know the service", shown(one.knows), "not among what it names"
        )
