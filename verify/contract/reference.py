"""The embedded reference system, as far as a contract can shape it; ``reference: {}`` is complete."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from verify.contract.part import Part
from verify.contract.values import (
    Count,
    Flag,
    HeaderName,
    HeaderValue,
    OriginUrl,
    Rate,
    Status,
    Text,
    UrlPath,
)

Dependency = Literal["database", "redis", "worker", "storage"]
#: who may stand in front of a system
Cdn = Literal["cloudflare", "cloudfront", "fastly"]
#: what the reference logs beside requests
Event = Literal[
    "login",
    "logout",
    "login_failed",
    "transaction_created",
    "transaction_updated",
    "transaction_completed",
    "webhook_received",
    "webhook_verified",
    "webhook_processed",
    "error",
]

_DEPENDENCIES: Mapping[str, Dependency] = {"database": "database", "redis": "redis", "worker": "worker"}
_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'self'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "same-origin",
}


class Edge(Part):
    """Limits for each client address, as a reverse proxy sets them: a leaky bucket."""

    read: Rate
    write: Rate
    burst: Count
    status: Status = 429


class Quotas(Part):
    """Limits for each identity, as the application sets them; null is no limit."""

    anonymous: Rate | None = Rate.parse("100/h")
    authenticated: Rate | None = Rate.parse("1000/h")


class ReferenceSpec(Part):
    """What the reference promises.

    ``dependencies`` maps the names in the health body to the parts behind them;
    ``faults`` are switched on from the start; other ``origins`` may read the API; ``signin``
    is a page that sets a session cookie and goes on to ``?next=``. ``asset`` is a static file
    that the edge caches; ``echo`` shows the headers that reach the application;
    ``webhook`` takes what is signed in ``X-Signature`` (HMAC-SHA256); ``failure`` fails with
    a stack trace in the log; ``identity`` names database and key, others under ``localhost``
    than under ``127.0.0.1``, and the image; ``events`` gives events other names in the log;
    ``migrations`` names those that are not applied. Without ``metrics_public`` only ``staff``
    may read the metrics; unknown paths below ``spa`` give ``index.html``. Below ``media`` lie uploads:
    ``verify.png``, and ``private/verify.png``, which is alice's alone. With a ``cdn`` all answers carry
    its marks, and an address behind it serves nobody. Below ``pipeline`` it tells what the contract's
    workflow ``deploy.yml`` took, as GitHub does. With ``monitoring`` it is watched: what keeps its
    metrics and logs answers as Prometheus, Loki and Grafana do, at an address of its own.
    """

    api: UrlPath = "/api/v1/"
    health: UrlPath = "/health/"
    liveness: UrlPath | None = None
    schema_: UrlPath = Field(default="/api/schema/", alias="schema")
    metrics: UrlPath = "/metrics"
    dependencies: Mapping[Text, Dependency] = Field(default_factory=lambda: dict(_DEPENDENCIES))
    unhealthy: Status = 503
    release: Text = "1.0.0"
    headers: Mapping[HeaderName, HeaderValue] = Field(default_factory=lambda: dict(_HEADERS))
    edge: Edge | None = None
    quotas: Quotas = Field(default_factory=Quotas)
    log_fields: tuple[Text, ...] = ("timestamp", "level", "logger", "event", "request_id")
    origins: tuple[OriginUrl, ...] = ("https://app.example.com",)
    signin: UrlPath = "/signin/"
    webhook: UrlPath = "/webhooks/payment/"
    failure: UrlPath = "/verify/failure/"
    identity: UrlPath = "/verify/identity/"
    events: Mapping[Event, Text] = Field(default_factory=dict)
    asset: UrlPath = "/static/app.js"
    echo: UrlPath = "/verify/echo/"
    migrations: UrlPath = "/verify/migrations/"
    metrics_public: Flag = True
    spa: UrlPath | None = None
    media: UrlPath | None = None
    cdn: Cdn | None = None
    pipeline: UrlPath | None = None
    monitoring: Flag = False
    faults: tuple[Text, ...] = ()

    @property
    def uploads(self) -> str | None:
        """Return the path that uploads lie below, which ends with a slash."""
        return self.media and f"{self.media.rstrip('/')}/"
