"""One place that takes secrets out of whatever is written.

Three ways at once: every registered value in every form that programs write it in
(``forms.py``), what a cut left of one (``cuts.py``), and by their shape the values of headers
and URLs that are secret by nature (``shapes.py``).
"""

import re
import threading
from collections.abc import Mapping
from typing import Any

from verify.effects.cuts import SHORTEST, Cuts
from verify.effects.forms import forms
from verify.effects.shapes import header_value, is_secret_name, shapes
from verify.effects.trie import trie

_PASSES = 8
_WRAPPED = re.compile(
    r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}(?:(?:\r?\n|(?:\\r)?\\n)[ \t]*[A-Za-z0-9+/_-]+={0,2})+"
)
_BREAK = re.compile(r"\r?\n[ \t]*|(?:\\r)?\\n[ \t]*")


class Redactor:
    """Replaces each secret by ``***NAME***``; safe to share among threads."""

    def __init__(self) -> None:
        """Know no secret yet; what is secret by its shape is replaced all the same."""
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._owner: dict[str, str] = {}
        self._secrets: re.Pattern[str] | None = None
        self._cuts: Cuts | None = None

    @property
    def secrets(self) -> tuple[tuple[str, str], ...]:
        """Return the name and the value of each secret, in the order in which they came."""
        with self._lock:
            return tuple((name, value) for value, name in self._names.items())

    def add(self, name: str, value: str) -> None:
        """Replace ``value`` by ``***name***`` from now on.

        Raise ``ValueError`` naming the variable for a value that cannot be told from ordinary
        text: one shorter than 6 characters, or one that stands in a replacement.
        """
        if len(value.strip()) < SHORTEST:
            raise ValueError(
                f"${name}: expected a secret of at least {SHORTEST} characters, got {len(value.strip())}"
            )
        with self._lock:
            names = {**self._names, value: self._names.get(value, name)}
            for secret, owner in names.items():
                if any(secret in f"***{shown}***" for shown in names.values()):
                    raise ValueError(
                        f"${owner}: its value stands in the name of a variable: choose another secret"
                    )
            owners = dict(self._owner)
            for form in forms(value):
                owners.setdefault(form, names[value])
            self._names, self._owner = names, owners
            # A replacement is matched too, and put back, so that nothing is found inside it.
            owners |= {f"***{shown}***": shown for shown in names.values()}
            self._owner, self._secrets, self._cuts = owners, None, None

    def text(self, text: str) -> str:
        """Return ``text`` without secrets; doing it again changes nothing."""
        for _ in range(_PASSES):
            # A replacement may complete another secret with what stands beside it, hence until it is stable.
            redacted = shapes(self._known(text))
            if redacted == text:
                break
            text = redacted
        return text

    def bytes(self, data: bytes) -> bytes:
        """Return ``data`` without secrets, whatever its encoding."""
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def header(self, name: str, value: str) -> str:
        """Return a header's value without secrets."""
        return self.text(header_value(name, value) if is_secret_name(name) else value)

    def value(self, value: Any) -> Any:
        """Return a JSON-like value without secrets, in texts, keys and under keys that name a secret."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.bytes(value)
        if isinstance(value, Mapping):
            return {self.value(key): self._under(key, each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], str):  # noqa: PLR2004 - a header
                found = [self.text(value[0]), self.header(value[0], value[1])]
            else:
                found = [self.value(each) for each in value]
            return tuple(found) if isinstance(value, tuple) else found
        return value

    def _under(self, key: Any, value: Any) -> Any:
        if isinstance(key, str) and isinstance(value, str):
            return self.header(key, value)
        return self.value(value)

    def _known(self, text: str) -> str:
        if not self._owner:
            return text
        with self._lock:  # compiled when it is first needed: secrets come one by one
            self._secrets = self._secrets or re.compile(trie(self._owner))
            self._cuts = self._cuts or Cuts(self._owner)
            known, cuts, owner = self._secrets, self._cuts, self._owner

        def unwrapped(match: re.Match[str]) -> str:
            """Join base64 that is wrapped at some column, where a secret lies across a break."""
            joined = _BREAK.sub("", match[0])
            return joined if known.search(joined) else match[0]

        # What is cut comes first: a shorter secret in the part that is left would hide whose it is.
        text = cuts.text(_WRAPPED.sub(unwrapped, text))
        return known.sub(lambda match: f"***{owner[match[0]]}***", text)
