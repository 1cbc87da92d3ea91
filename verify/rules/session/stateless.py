"""A session works on every replica, not only on the one that began it.

A session in the memory of one server ends when a load balancer chooses another one, and
with every deployment. The same session, or token, is used over several connections, each
of which may lead to another replica.

Fix: keep sessions in a store that all replicas share, or in a signed token.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.http import Exchange
from verify.facts.session import Return, Returned, SignIn
from verify.rules import (
    AccountName,
    Endpoint,
    EndpointSpec,
    Finding,
    ReferenceSpec,
    Seen,
    Stated,
    Times,
    Unknown,
    given,
    rule,
)


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """An endpoint that needs a session, whose it is, and how often it is asked.

    With ``login`` the account signs in there by POST, and its cookies are the session; without,
    the account's token is.
    """

    endpoint: Endpoint
    account: AccountName
    login: Endpoint | None = None
    requests: Times = 8

    def needs(self) -> dict[str, Return]:
        """Ask for the endpoint again and again in one session."""
        kind = SignIn if self.login else Return
        login = self.login.path if self.login else ""
        asked = kind(path=self.endpoint.path, count=self.requests, account=self.account, login=login)
        return {"returned": asked}


STATED = Params(endpoint=EndpointSpec(path="/me"), account="alice", login=EndpointSpec(path="/login"))
OK, NO = Exchange(status=200), Exchange(status=401)
GOOD = Returned(begun=OK, cookies=("sessionid",), answers=(OK, OK))
HOLDS = given(STATED, returned=GOOD)
FAILS = given(STATED, returned=replace(GOOD, answers=(OK, NO, OK)))


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - there is one such fault
    """Tell whether the stated endpoint is the one that remembers."""
    return stated.endpoint.path == reference.api.removesuffix("/") + "/session/"


@rule(severity="error", faults=["sticky-session"])
def check(returned: Returned, stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Compare the answers with one another."""
    bad = [answer for answer in returned.answers if answer.status not in stated.endpoint.expect]
    if returned.begun is not None and not returned.cookies:
        begun = f"{returned.begun.place} answered {returned.begun.status}"
        yield Unknown(f"{begun} and set no cookie, so there is no session to come back with")
    elif len(bad) == len(returned.answers):
        statuses = ", ".join(str(answer.status) for answer in bad[:1]) or "nothing"
        yield Unknown(f"{stated.endpoint.path} answers {statuses} each time: the session never works")
    else:
        yield Seen(
            f"{len(returned.answers) - len(bad)} of {len(returned.answers)}", what="answered as stated"
        )
    if bad and len(bad) < len(returned.answers):
        seen = f"{len(bad)} of {len(returned.answers)} answer {bad[0].status}"
        yield Finding(bad[0].place, "the session does not work on every connection", "all", seen)
