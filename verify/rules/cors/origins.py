"""The stated origins may read answers, other origins and ``null`` may not.

A system that echoes any origin, or says ``*`` together with credentials, lets every site
that a user visits act as that user.

Fix: list the origins exactly; echo only a listed one, with ``Vary: Origin``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import in_api
from verify.facts.http import FOREIGN_HOST, Exchange, Get, Headers
from verify.rules import Finding, ReferenceSpec, Seen, Stated, given, rule

FOREIGN = (f"https://{FOREIGN_HOST}", "null")
ALLOW, ORIGIN = "Access-Control-Allow-Origin", "Origin"


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The origins that may read ``path``, also asked beforehand (``preflight``)."""

    origins: tuple[str, ...]
    path: str
    preflight: bool = True

    def ask(self, origin: str, method: str) -> Get:
        """Return the question of a browser that shows a page of ``origin``."""
        headers: Headers = ((ORIGIN, origin),)
        if method == "OPTIONS":
            headers += (("Access-Control-Request-Method", "GET"),)
        return Get(path=self.path, method=method, headers=headers)

    def needs(self) -> dict[str, tuple[Get, ...]]:
        """Ask in the name of each origin, and of some that are not stated."""
        methods = ("GET", "OPTIONS") if self.preflight else ("GET",)
        names = (*self.origins, *FOREIGN)
        return {"answers": tuple(self.ask(name, method) for name in names for method in methods)}


def answered(origin: str, *headers: tuple[str, str]) -> Exchange:
    """Return an answer for the proofs."""
    return Exchange(status=200, sent=((ORIGIN, origin),), headers=headers)


STATED = Params(origins=("https://app.example.com",), path="/api/", preflight=False)
OURS, VARY = STATED.origins[0], ("Vary", "Accept, origin")
GOOD = answered(OURS, (ALLOW, OURS), VARY)
NONE = (answered(FOREIGN[0]), answered("null"))
HOLDS = given(STATED, answers=(GOOD, *NONE))
FAILS = [
    given(STATED, answers=(answered(OURS), *NONE)),
    given(STATED, answers=(answered(OURS, (ALLOW, OURS)), *NONE)),
    given(STATED, answers=(GOOD, answered(FOREIGN[0], (ALLOW, FOREIGN[0])), NONE[1])),
    given(STATED, answers=(GOOD, NONE[0], answered("null", (ALLOW, "null")))),
    given(STATED, answers=(GOOD, answered(FOREIGN[0], (ALLOW, "*")), NONE[1])),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether the stated path is one that other origins may read."""
    return in_api(stated.path, reference) and (
        bool(stated.origins) or fault not in {"cors-missing", "cors-no-vary"}
    )


@rule(
    severity="error",
    faults=["cors-any", "cors-reflect", "cors-null", "cors-missing", "cors-no-vary"],
    refs=["Fetch Standard: CORS protocol", "OWASP WSTG-CLNT-07"],
)
def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Compare who is let in with who is stated."""
    for answer in answers:
        origin = next((value for name, value in answer.sent if name == ORIGIN), "")
        allowed, listed = answer.header(ALLOW) or "", origin in stated.origins
        yield Seen(allowed or "nobody", what=f"{answer.method} from {origin} lets in")
        if not listed and allowed in {origin, "*"}:
            credentials = answer.header("Access-Control-Allow-Credentials") == "true"
            message = f"the origin {origin} may read answers" + (" with credentials" if credentials else "")
            others = ", ".join(stated.origins) or "no origin"
            yield Finding(answer.place, message, others, f"{ALLOW}: {allowed}")
        elif listed and allowed != origin:
            message = f"the origin {origin} may not read answers"
            yield Finding(answer.place, message, origin, allowed or "absent")
        elif listed and ORIGIN.lower() not in ",".join(answer.header_values("Vary")).lower():
            vary = answer.header("Vary") or "absent"
            yield Finding(answer.place, "caches may hand the answer to others", "Vary: Origin", vary)
