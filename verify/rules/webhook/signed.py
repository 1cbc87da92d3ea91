"""A webhook is processed when it is rightly signed, and refused when it is not.

Whoever knows the address can post to it; without a check of the signature anybody can
say that an invoice was paid. One call is sent without a signature, one signed with a key
that is not the stated one, and one as its sender signs it.

Fix: compare the HMAC of the raw body with the header, in constant time, before anything
is read from it; answer 401 and do nothing where they differ.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from verify.contract.values import Statuses
from verify.facts.http import SHOWS_NOTHING, Exchange
from verify.facts.webhook import Call, Calls, CallWebhook
from verify.rules import AccountName, Finding, Seen, Stated, Unknown, UrlTemplate, WebhookName, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The webhook, the body of an event, and where its state is seen, if anywhere.

    ``{id}`` in ``body`` and ``state`` is the event's id; ``processed`` is what ``state``
    answers once it was processed, to ``account`` where one is stated.
    """

    webhook: WebhookName
    body: Mapping[str, Any] = field(default_factory=lambda: {"id": "{id}"})
    accepted: Statuses = (200, 201, 202, 204)
    refused: Statuses = (400, 401, 403)
    state: UrlTemplate | None = None
    processed: Statuses = (200,)
    account: AccountName | None = None

    def needs(self) -> dict[str, CallWebhook]:
        """Ask for the three calls."""
        body, state = json.dumps(self.body), self.state or ""
        return {"calls": CallWebhook(webhook=self.webhook, body=body, state=state, account=self.account)}


STATED = Params(webhook="payment", state="/payments/{id}/")
NO = Call(answer=Exchange(status=401, method="POST"), state=Exchange(status=404))
YES = Call(answer=Exchange(status=202, method="POST"), state=Exchange(status=200))
GOOD = Calls(unsigned=NO, forged=NO, signed=YES)
HOLDS = given(STATED, calls=GOOD)
FAILS = [
    given(STATED, calls=replace(GOOD, unsigned=YES)),
    given(STATED, calls=replace(GOOD, forged=replace(NO, answer=Exchange(status=202)))),
    given(STATED, calls=replace(GOOD, forged=replace(NO, state=Exchange(status=200)))),
    given(STATED, calls=replace(GOOD, signed=NO)),
    given(STATED, calls=replace(GOOD, signed=replace(YES, state=Exchange(status=404)))),
]


@rule(
    severity="blocker",
    faults=["webhook-unverified"],
    refs=["RFC 2104", "CWE-345"],
    telling=SHOWS_NOTHING,
)
def check(calls: Calls, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare the answers, and what was processed."""
    for how, call, good in (
        ("an unsigned call", calls.unsigned, stated.refused),
        ("a wrongly signed call", calls.forged, stated.refused),
        ("a rightly signed call", calls.signed, stated.accepted),
    ):
        answer, wanted = call.answer, " or ".join(map(str, good))
        yield Seen(answer.status, what=f"{how} is answered")
        if answer.shows_nothing and answer.status not in good:
            yield Unknown(answer.refusal)
            continue
        if answer.status not in good:
            yield Finding(answer.place, f"{how} is answered otherwise", wanted, str(answer.status))
        if call.state is None:
            continue
        if call.state.shows_nothing and call.state.status not in stated.processed:
            yield Unknown(call.state.refusal)
            continue
        processed, wants = call.state.status in stated.processed, good is stated.accepted
        if processed is not wants:
            words = {True: "processed", False: "not processed"}
            yield Finding(call.state.place, f"{how} is {words[processed]}", words[wants], words[processed])
