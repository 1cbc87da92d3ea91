"""How a mail server greets whoever wants to hand mail in."""

from dataclasses import dataclass
from typing import ClassVar

from verify.model.need import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What EHLO and STARTTLS brought; no mail is sent and nobody logs in.

    ``offered`` tells whether STARTTLS was offered, ``secured`` whether TLS came about with a
    certificate for the server's name; ``problem`` says why not; ``clear_login`` whether a
    login was offered before.
    """

    server: str = "smtp.example:587"
    offered: bool = True
    secured: bool = True
    clear_login: bool = False
    version: str = "TLSv1.3"
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(Need):
    """Ask a mail server for STARTTLS; it has to be among the declared addresses."""

    kind: ClassVar[str] = "mail"
    answer: ClassVar[type] = Greeting
    after_ready: ClassVar[bool] = False

    host: str
    port: int = 587
