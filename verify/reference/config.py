"""What the parent tells the processes of one run: a frozen value, passed as a JSON file."""

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

#: names the file in the environment of each process of the run
VARIABLE = "VERIFY_REFERENCE_CONFIG"
#: files in the folder of a run
LOG_FILE = "requests.log"
SHARED_FILE = "shared.bin"
#: the folder where uploads go
MEDIA = "media"
#: an upload that everybody may see, and the folder of those that only their owner may
UPLOAD = "verify.png"
PRIVATE = "private"
OWNER = "alice"
BEHAVIOUR_FILE = "behaviour.json"
#: the key in Redis that exists while the worker consumes
HEARTBEAT = "worker:heartbeat"
#: the key in Redis under which the product list is cached
PRODUCTS = "products:list"
#: who has an account and a token
USERS = ("alice", "bob", "staff")


@dataclass(frozen=True, kw_only=True)
class EdgeLimit:
    """The limit in front of the application; rates are requests a second for one address."""

    read: float
    write: float
    burst: int
    status: int = 429


@dataclass(frozen=True, kw_only=True)
class Quota:
    """At most ``count`` requests in a window of ``seconds`` for one identity."""

    count: int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Config:
    """One run: its paths, what is promised, and where its parts are.

    ``tokens`` maps a bearer token to the user it stands for.
    """

    folder: str
    secret: str
    tls_port: int = 0
    plain_port: int = 0
    mail_port: int = 0
    origin_port: int = 0
    monitor_port: int = 0
    database: dict[str, str] = field(default_factory=dict)
    redis_socket: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    api: str = "/api/v1/"
    health: str = "/health/"
    liveness: str | None = None
    schema: str = "/api/schema/"
    metrics: str = "/metrics"
    dependencies: dict[str, str] = field(default_factory=dict)
    unhealthy: int = 503
    release: str = "1.0.0"
    headers: dict[str, str] = field(default_factory=dict)
    edge: EdgeLimit | None = None
    anonymous: Quota | None = None
    authenticated: Quota | None = None
    origins: tuple[str, ...] = ()
    signin: str = "/signin/"
    webhook: str = "/webhooks/payment/"
    webhook_secret: str = ""
    failure: str = "/verify/failure/"
    identity: str = "/verify/identity/"
    events: dict[str, str] = field(default_factory=dict)
    asset: str = "/static/app.js"
    echo: str = "/verify/echo/"
    migrations: str = "/verify/migrations/"
    metrics_public: bool = True
    spa: str | None = None
    media: str | None = None
    cdn: str | None = None
    pipeline: str | None = None

    @property
    def root(self) -> Path:
        """Return the folder of the run."""
        return Path(self.folder)

    def write(self, path: Path) -> None:
        """Write the value, readable by its owner only: it holds secrets."""
        text = json.dumps(dataclasses.asdict(self))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)

    @classmethod
    def read(cls, path: Path) -> "Config":
        """Read what ``write`` wrote."""
        data = json.loads(path.read_text())
        data["edge"] = EdgeLimit(**data["edge"]) if data["edge"] else None
        for name in ("anonymous", "authenticated"):
            data[name] = Quota(**data[name]) if data[name] else None
        return cls(**data)

    @classmethod
    def of_environment(cls) -> "Config":
        """Read the file that ``VERIFY_REFERENCE_CONFIG`` names."""
        return cls.read(Path(os.environ[VARIABLE]))
