"""Reads header values: directives, values that mean the same, cookies."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from verify.facts.http import Exchange

#: headers whose values are tokens that the standards compare without regard to case
_CASELESS = frozenset(
    {
        "cache-control", "content-type", "cross-origin-embedder-policy", "cross-origin-opener-policy",
        "cross-origin-resource-policy", "referrer-policy", "strict-transport-security",
        "x-content-type-options", "x-frame-options", "x-xss-protection",
    }
)  # fmt: skip
_WHOLE = re.compile(r"[0-9]{1,18}")
_AROUND = re.compile(r"\s*([;,=])\s*")


def same_value(name: str, stated: str, seen: str) -> bool:
    """Tell whether two values of header ``name`` mean the same: blanks, and case where it is none."""
    first, second = (_AROUND.sub(r"\1", " ".join(value.split())).strip("; ,") for value in (stated, seen))
    if name.lower() in _CASELESS:
        return first.lower() == second.lower()
    return first == second


def directives(value: str, separator: str = ";") -> dict[str, str]:
    """Return the directives of ``max-age=3; preload`` by lower-case name; of repeated ones the first."""
    found: dict[str, str] = {}
    for part in value.split(separator):
        name, _, given = part.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), given.strip().strip('"'))
    return found


def seconds_of(value: str | None) -> int | None:
    """Return what a directive such as ``max-age`` says, None where it is not a whole number."""
    return int(value) if value is not None and _WHOLE.fullmatch(value) else None


#: what is at least as strict as each value of SameSite
_AT_LEAST = {"Strict": {"strict"}, "Lax": {"strict", "lax"}, "None": {"strict", "lax", "none"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One Set-Cookie line; ``attributes`` by lower-case name."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def same_site(self) -> str:
        """Return ``strict``, ``lax``, ``none``, or an empty text where it says none of them."""
        value = self.attributes.get("samesite", "").lower()
        return value if value in {"strict", "lax", "none"} else ""

    @property
    def deleted(self) -> bool:
        """Tell whether the line only takes a cookie away."""
        return self.attributes.get("max-age", "").startswith(("0", "-"))

    def misnamed(self) -> str:
        """Return what the name's prefix promises and the line does not keep (RFC 6265bis 4.1.3)."""
        lowered = self.name.lower()
        if lowered.startswith(("__secure-", "__host-")) and "secure" not in self.attributes:
            return "Secure"
        if lowered.startswith("__host-") and self.attributes.get("path") != "/":
            return "Path=/"
        return "no Domain" if lowered.startswith("__host-") and "domain" in self.attributes else ""

    def lacks(self, *, secure: bool, http_only: bool, same_site: str) -> Iterator[str]:
        """Yield each flag that is asked for and missing; ``same_site`` is the weakest allowed, or ``any``."""
        needed = self.misnamed()
        if needed != "Secure" and secure and "secure" not in self.attributes:
            yield "Secure"
        if http_only and "httponly" not in self.attributes:
            yield "HttpOnly"
        if same_site != "any" and self.same_site not in _AT_LEAST[same_site]:
            yield f"SameSite={same_site}"
        if needed:
            yield needed


def cookies(answer: Exchange) -> Iterator[Cookie]:
    """Yield each cookie that ``answer`` sets, as browsers read the lines (RFC 6265 5.2)."""
    for line in answer.header_values("Set-Cookie"):
        pair, _, rest = line.partition(";")
        name, equals, _ = pair.partition("=")
        if equals and name.strip():
            # of attributes that are repeated the last one counts
            parts = (part.partition("=") for part in rest.split(";"))
            yield Cookie(
                name=name.strip(),
                attributes={key.strip().lower(): value.strip() for key, _, value in parts if key.strip()},
            )
