"""Unknown pages give the start page, unknown paths of the API do not.

The application in the browser finds its way by the address: without the fallback every
reload of an inner page is a 404; with one that is too greedy, callers of the API get HTML
and status 200 where something is missing.

Fix: nginx ``try_files $uri /index.html`` for pages only; the API's location before it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.broken import in_api
from verify.facts.exposure import is_page
from verify.facts.http import Exchange, Get
from verify.rules import Finding, ReferenceSpec, Seen, Stated, given, rule

MISSING = 404
_TITLE = re.compile(r"<title>([^<]*)")


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The start page, an unknown page, and an unknown path of the API."""

    index: str = "/"
    page: str = "/verify-missing-page"
    api: str = "/api/verify-missing-page"

    def needs(self) -> dict[str, Get]:
        """Ask each path once."""
        return {"index": Get(path=self.index), "page": Get(path=self.page), "api": Get(path=self.api)}


STATED = Params()
INDEX = Exchange(status=200, body=b"<!doctype html><title>Shop</title>")
JSON = Exchange(status=404, body=b"{}")
HOLDS = given(STATED, index=INDEX, page=INDEX, api=JSON)
FAILS = [
    given(STATED, index=INDEX, page=Exchange(status=404, body=INDEX.body), api=JSON),
    given(STATED, index=INDEX, page=Exchange(status=200, body=b"<html>Not here</html>"), api=JSON),
    given(STATED, index=INDEX, page=Exchange(status=200, body=b"{}"), api=JSON),
    given(STATED, index=INDEX, page=INDEX, api=INDEX),
]


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:
    """Tell whether the reference serves pages at all, and the API lies where ``fault`` reaches."""
    if reference.spa is None:
        return False
    return fault == "no-spa-fallback" or in_api(stated.api, reference)


@rule(severity="error", faults=["no-spa-fallback", "spa-in-api"], refs=["nginx: try_files"])
def check(index: Exchange, page: Exchange, api: Exchange, stated: Params) -> Iterator[Finding | Seen]:  # noqa: ARG001 - what is stated is in the questions
    """Compare the unknown page with the start page."""
    yield Seen(f"{page.status}, of the API {api.status}", what="unknown paths give")
    if page.status != index.status or not is_page(page):
        yield Finding(
            page.place, "an unknown page does not give the start page", str(index.status), str(page.status)
        )
    elif title(page) != title(index):
        yield Finding(page.place, "an unknown page gives another page", title(index), title(page))
    if api.status != MISSING:
        yield Finding(api.place, "an unknown path of the API is answered", str(MISSING), str(api.status))


def title(answer: Exchange) -> str:
    """Return the title of a page, which stays while tokens in the page change."""
    found = answer.search(_TITLE)
    return found[1].strip() if found else ""
