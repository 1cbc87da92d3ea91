"""Fetches an OpenAPI document, then asks the operations that it says are open to all."""

from collections.abc import Iterator
from itertools import islice

from verify.collectors.http import see as fetch
from verify.collectors.http import see_once
from verify.collectors.world import World, concurrently, in_turn
from verify.facts.http import Exchange, Get
from verify.facts.openapi import MOST_OPERATIONS, Describe, Described, open_gets, problems_of
from verify.model.need import Need, Unseen

ACCEPT = (("Accept", "application/vnd.oai.openapi+json, application/json"),)
GOOD = range(200, 300)


def collect(needs: tuple[Describe, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield each document with the answers of its operations."""
    yield from in_turn(_see, needs, world)


def _see(need: Describe, world: World) -> object:
    document = fetch(Get(path=need.path, account=need.account, headers=ACCEPT), world)
    try:
        value = document.json()
    except ValueError as error:
        return Described(document=document, problems=(f"not JSON: {error}",))
    problems = problems_of(value)
    if document.status not in GOOD:
        return Described(document=document, problems=problems)  # an error page describes nothing
    paths = islice(open_gets(value, secured=need.secured), MOST_OPERATIONS)
    account = need.account if need.secured else None
    asked = [Get(path=path, account=account) for path in paths]
    answers = [answer for _, answer in concurrently(see_once, asked, world)]
    unseen = [answer for answer in answers if isinstance(answer, Unseen)]
    if unseen:
        return unseen[0]
    operations = sorted((one for one in answers if isinstance(one, Exchange)), key=lambda one: one.url)
    return Described(document=document, operations=tuple(operations), problems=problems)
