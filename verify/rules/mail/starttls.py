"""The stated mail server takes STARTTLS, with a certificate for its name.

Password resets and their links otherwise travel in the clear, and so does the password
that they are sent with. No mail is sent, nobody logs in. The server has to be declared:
``hosts: [http://smtp.example.com:587]``; for the reference its own stand-in answers.

Fix: use the submission port (587) of a server that offers STARTTLS, under its own name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.facts.mail import Greeting, Hello
from verify.rules import Finding, Seen, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Name and port of the server."""

    host: str
    port: int = 587

    def needs(self) -> dict[str, Hello]:
        """Ask for the handshake."""
        return {"greeting": Hello(host=self.host, port=self.port)}


STATED = Params(host="smtp.example")
GOOD = Greeting()
HOLDS = given(STATED, greeting=GOOD)
FAILS = [
    given(STATED, greeting=replace(GOOD, offered=False, secured=False)),
    given(STATED, greeting=replace(GOOD, secured=False, problem="certificate has expired")),
    given(STATED, greeting=replace(GOOD, clear_login=True)),
]


@rule(severity="error", faults=["mail-in-clear", "mail-clear-login"], refs=["RFC 3207", "RFC 8314 3"])
def check(greeting: Greeting, stated: Params) -> Iterator[Finding | Seen]:  # noqa: ARG001 - what is stated is in the question
    """Report what keeps the connection in the clear."""
    yield Seen(greeting.version or "no TLS", what="STARTTLS")
    at = f"SMTP {greeting.server}"
    if not greeting.offered:
        yield Finding(at, "STARTTLS is not offered", "STARTTLS", "not offered")
    elif not greeting.secured:
        yield Finding(at, "STARTTLS fails", "TLS with a certificate for the name", greeting.problem)
    if greeting.clear_login:
        yield Finding(at, "a login is offered in the clear", "AUTH after STARTTLS", "AUTH before STARTTLS")
