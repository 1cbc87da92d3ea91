"""The edge of a provider before the system: what it puts on each answer, and the door behind it."""

import secrets
from collections.abc import Callable, Iterable

from verify.reference.server.control import Control
from verify.reference.server.http import Application, Environ, Headers, StartResponse, problem

#: in the environ of what came past the edge
PAST = "verify.past"
_PLACE = "LHR"

_MARKS: dict[str, Callable[[], Headers]] = {
    "cloudflare": lambda: [("Server", "cloudflare"), ("CF-Ray", f"{secrets.token_hex(8)}-{_PLACE}")],
    "cloudfront": lambda: [
        ("Via", f"1.1 {secrets.token_hex(16)}.cloudfront.net (CloudFront)"),
        ("X-Amz-Cf-Pop", f"{_PLACE}3-C1"),
        ("X-Amz-Cf-Id", secrets.token_urlsafe(40)),
    ],
    "fastly": lambda: [
        ("Via", "1.1 varnish"),
        ("X-Served-By", f"cache-{_PLACE.lower()}7321-{_PLACE}"),
    ],
}


def marked(headers: Headers, provider: str) -> Headers:
    """Return ``headers`` as they leave the edge of ``provider``: what it says replaces what was said."""
    marks = _MARKS[provider]()
    said = {name.lower() for name, _ in marks}
    return [pair for pair in headers if pair[0].lower() not in said] + marks


class Door:
    """The address that the edge fetches from: closed to everybody else."""

    def __init__(self, system: Application, control: Control) -> None:
        """Lead to ``system``."""
        self._system = system
        self._control = control

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Refuse, as an allow list does; where a fault opens the door, serve as for the edge."""
        if self._control.behaviour().origin_open:
            return self._system(environ | {PAST: True, "wsgi.url_scheme": "https"}, start_response)
        answer = problem(403, "Only the edge is served here.")
        answer.headers.append(("Content-Length", str(len(answer.body))))
        start_response(answer.line, answer.headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]
