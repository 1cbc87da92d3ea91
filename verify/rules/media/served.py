"""An uploaded file is served with its type, and those that are private not to everybody.

Uploads lie in a folder or a bucket beside the application. A deployment that mounts another
volume, or a proxy without the route, loses all of them at once while each page still answers.
The same route is often open to whoever guesses a name: state such files as ``private``, and
they have to refuse who shows no login. Put a known file there once, such as ``verify.png``.

Fix: mount the volume where the proxy looks for it, with its types; let the application decide
about private files (nginx: ``X-Accel-Redirect`` to an ``internal`` location).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.http import Exchange, Get
from verify.rules import Finding, ReferenceSpec, Seen, Some, Stated, UrlPath, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """A known upload and its type; ``private`` ones, and the statuses that refuse them."""

    path: UrlPath
    type: str = ""
    private: tuple[UrlPath, ...] = ()
    refused: Some[int] = (401, 403, 404)

    def needs(self) -> dict[str, Get | tuple[Get, ...]]:
        """Ask for each file once, as nobody in particular."""
        return {"answer": Get(path=self.path), "hidden": tuple(Get(path=path) for path in self.private)}


STATED = Params(path="/media/verify.png", type="image/png", private=("/media/private/verify.png",))
TYPE = (("Content-Type", "image/png"),)
GOOD, HIDDEN = Exchange(status=200, headers=TYPE, body=b"PNG"), Exchange(status=403)
HOLDS = given(STATED, answer=GOOD, hidden=(HIDDEN,))
FAILS = [
    given(STATED, answer=Exchange(status=404), hidden=(HIDDEN,)),
    given(STATED, answer=Exchange(status=200, body=b"PNG"), hidden=(HIDDEN,)),
    given(STATED, answer=Exchange(status=200, headers=TYPE), hidden=(HIDDEN,)),
    given(STATED, answer=GOOD, hidden=(GOOD,)),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` shows in the files that are stated."""
    below = reference.uploads
    if below is None:
        return False
    if fault == "storage-down" and "storage" in reference.dependencies.values():
        return False  # health tells of it, and what is not ready is not looked at
    if fault == "uploads-open":
        return any(path.startswith(f"{below}private/") for path in stated.private)
    return stated.path.startswith(below) and (fault != "media-mistyped" or bool(stated.type))


@rule(
    severity="error",
    faults=["media-missing", "media-mistyped", "uploads-open", "storage-down"],
    refs=["RFC 9110 8.3", "OWASP WSTG-ATHZ-02"],
)
def check(answer: Exchange, hidden: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
    """Judge the known file, then the private ones."""
    kind = (answer.header("Content-Type") or "").partition(";")[0].strip()
    yield Seen(f"{answer.status}, {answer.size} of {kind or 'no type'}", what=answer.url)
    if answer.status != 200:  # noqa: PLR2004 - a file is there, or is not
        yield Finding(answer.place, "the upload is not served", "200", str(answer.status))
    elif not answer.body:
        yield Finding(answer.place, "the upload is empty", "its content", "0 bytes")
    elif stated.type and kind.lower() != stated.type.lower():
        yield Finding(answer.place, "the type is another", stated.type, kind or "no Content-Type")
    for one in hidden:
        yield Seen(one.status, what=f"{one.url} for nobody in particular:")
        if one.status not in stated.refused:
            expected = " or ".join(map(str, stated.refused))
            yield Finding(one.place, "a private upload is served to everybody", expected, str(one.status))
