"""A static file is served with a long lifetime and its type, and marked by the edge as stated.

Files whose names change with their content can be kept for a year; without that, each
visit loads all of them again, from your servers instead of the edge.

Fix: ``Cache-Control: public, max-age=31536000, immutable`` on hashed names; a rule at the
edge that caches the folder.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.again import Again, Repeated
from verify.facts.headers import directives, seconds_of
from verify.facts.http import Exchange
from verify.rules import Duration, Finding, OriginUrl, ReferenceSpec, Seen, Stated, given, rule, seconds

HITS = ("hit", "revalidated", "stale", "updating")


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The file's path (and address, where it is another), its least lifetime, and its type.

    ``edge`` are headers of which the edge sets one on what passes it; with ``hit`` it keeps the file too:
    a second answer has to come from its cache.
    """

    path: str
    host: OriginUrl | None = None
    lifetime: Duration = seconds(30 * 86400)
    type: str = ""
    edge: tuple[str, ...] = ()
    hit: bool = False

    def needs(self) -> dict[str, Again]:
        """Ask for the file, twice where the second answer has to come from the edge."""
        return {"repeated": Again(path=self.path, origin=self.host or "", times=2 if self.hit else 1)}


def kept(answer: Exchange) -> bool:
    """Tell whether a cache on the way gave the answer (``Age`` counts the seconds it has it)."""
    said = " ".join(answer.header_values("X-Cache") + answer.header_values("CF-Cache-Status")).lower()
    return any(word in said for word in HITS) or bool(seconds_of(answer.header("Age")))


def answered(*headers: tuple[str, str]) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(status=200, headers=headers)


STATED = Params(path="/static/app.js", type="text/javascript", edge=("CF-Ray", "X-Cache"), hit=True)
TYPE, LONG = ("Content-Type", "text/javascript; charset=utf-8"), ("Cache-Control", "public, max-age=31536000")
MISS, HIT = answered(TYPE, LONG, ("X-Cache", "Miss")), answered(TYPE, LONG, ("X-Cache", "Hit from edge"))
HOLDS = given(STATED, repeated=Repeated(answers=(MISS, HIT)))
FAILS = [
    given(STATED, repeated=Repeated(answers=answers))
    for answers in (
        (Exchange(status=404),) * 2,
        (MISS, MISS),
        (MISS, answered(TYPE, LONG, ("Age", "7"))),
        (MISS, answered(TYPE, ("Cache-Control", "no-store"), HIT.headers[2])),
        (MISS, answered(("Content-Type", "text/html"), LONG, HIT.headers[2])),
    )
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether what ``fault`` changes is stated of the file."""
    marks = stated.edge or stated.hit
    wanted = {"asset-mistyped": stated.type, "asset-unmarked": marks, "asset-missed": stated.hit}
    return stated.path == reference.asset and bool(wanted.get(fault, stated.lifetime))


@rule(
    severity="warning",
    faults=["asset-uncached", "asset-mistyped", "asset-unmarked", "asset-missed"],
    refs=["RFC 9111 5.2.2", "RFC 8246"],
)
def check(repeated: Repeated, stated: Params) -> Iterator[Finding | Seen]:
    """Judge the last answer."""
    answer = repeated.answers[-1]
    if answer.status != 200:  # noqa: PLR2004 - a file is there, or is not
        yield Finding(answer.place, "the file is not served", "200", str(answer.status))
        return
    found = directives(", ".join(answer.header_values("Cache-Control")), ",")
    barred = found.keys() & {"no-store", "no-cache", "private"}
    age = seconds(0 if barred else seconds_of(found.get("s-maxage", found.get("max-age"))) or 0)
    yield Seen(age, limit=stated.lifetime, what="kept for", better="higher")
    if age < stated.lifetime:
        control = answer.header("Cache-Control") or "no Cache-Control"
        yield Finding(answer.place, "the lifetime is too short", str(stated.lifetime), control)
    kind = (answer.header("Content-Type") or "").partition(";")[0].strip()
    if stated.type and kind.lower() != stated.type.lower():
        yield Finding(answer.place, "the type is another", stated.type, kind or "no Content-Type")
    if stated.edge and not any(answer.header(name) for name in stated.edge):
        yield Finding(answer.place, "no edge marked the answer", " or ".join(stated.edge), "none of them")
    if stated.hit and not kept(answer):
        yield Finding(answer.place, "the second answer does not come from the edge", "a hit", "a miss")
