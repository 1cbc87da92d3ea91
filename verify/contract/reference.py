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
    """The rate of requests that read."""
    write: Rate
    """The rate of those that write."""
    burst: Count
    """How many may come at once on top."""
    status: Status = 429
    """The status of a refusal."""


class Quotas(Part):
    """Limits for each identity, as the application sets them; null is no limit."""

    anonymous: Rate | None = Rate.parse("100/h")
    """For each address without a token."""
    authenticated: Rate | None = Rate.parse("1000/h")
    """For each account."""


class ReferenceSpec(Part):
    """What the embedded reference system promises; `reference: {}` is complete.

    Example::

        environments:
          reference: {reference: {health: /healthz, release: 1.4.0, edge: {read: 9/s, write: 1/s, burst: 9}}}
    """

    api: UrlPath = "/api/v1/"
    """Where the API begins."""
    health: UrlPath = "/health/"
    """The path that shows its health, dependencies included."""
    liveness: UrlPath | None = None
    """A path that answers as long as the process lives."""
    schema_: UrlPath = Field(default="/api/schema/", alias="schema")
    """Where the OpenAPI document is."""
    metrics: UrlPath = "/metrics"
    """Where the metrics are."""
    dependencies: Mapping[Text, Dependency] = _DEPENDENCIES
    """The names in the health answer, and the part behind each."""
    unhealthy: Status = 503
    """The status of the health answer when a dependency is down."""
    release: Text = "1.0.0"
    """The version it says it is, in the header `X-Release`."""
    headers: Mapping[HeaderName, HeaderValue] = _HEADERS
    """The headers of every answer."""
    edge: Edge | None = None
    """Limits in front of the application; by default there are none."""
    quotas: Quotas = Field(default_factory=Quotas)
    """Limits of the application."""
    log_fields: tuple[Text, ...] = ("timestamp", "level", "logger", "event", "request_id")
    """The fields of each line of its log."""
    origins: tuple[OriginUrl, ...] = ("https://app.example.com",)
    """Origins of others that may read the API."""
    signin: UrlPath = "/signin/"
    """A page that sets a session cookie and goes on to `?next=`."""
    webhook: UrlPath = "/webhooks/payment/"
    """What takes events that are signed in `X-Signature` (HMAC-SHA256)."""
    failure: UrlPath = "/verify/failure/"
    """A path that fails with a stack trace in the log."""
    identity: UrlPath = "/verify/identity/"
    """A path that names database, key and image: under `localhost` others than elsewhere."""
    events: Mapping[Event, Text] = Field(default_factory=dict)
    """Other names for events in the log."""
    asset: UrlPath = "/static/app.js"
    """A static file that the edge caches."""
    echo: UrlPath = "/verify/echo/"
    """A path that shows the headers that reach the application."""
    migrations: UrlPath = "/verify/migrations/"
    """A path that names migrations that are not applied."""
    metrics_public: Flag = True
    """Whether everybody may read the metrics, or only the account `staff`."""
    spa: UrlPath | None = None
    """A path below which unknown pages give `index.html`."""
    media: UrlPath | None = None
    """A path below which uploads lie: `verify.png`, and alice's own `private/verify.png`."""
    cdn: Cdn | None = None
    """Whose marks all answers carry; an address behind it serves nobody."""
    pipeline: UrlPath | None = None
    """A path below which it tells what the workflow `deploy.yml` took, as GitHub does."""
    monitoring: Flag = False
    """Whether it is watched: something answers as Prometheus, Loki and Grafana do."""
    faults: tuple[Text, ...] = ()
    """Faults that are on from the start; `deploy-verify reference --faults` lists them."""

    @property
    def uploads(self) -> str | None:
        """Return the path that uploads lie below, which ends with a slash."""
        return self.media and f"{self.media.rstrip('/')}/"
