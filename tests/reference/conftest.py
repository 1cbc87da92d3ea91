"""One reference for the whole session, and a client that speaks to it as anybody would."""

import json
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from verify.contract.reference import ReferenceSpec
from verify.effects.journal import Journal
from verify.reference.system import Reference

DEADLINE = 20.0


def spec(**more: Any) -> ReferenceSpec:
    values = {
        "liveness": "/live/",
        "spa": "/app/",
        "metrics_public": False,
        "media": "/media/",
        "cdn": "cloudfront",
        "monitoring": True,
        "pipeline": "/forge/",
        "release": "4.2.0",
        "dependencies": {"uploads": "storage", "db": "database", "cache": "redis", "celery": "worker"},
        "edge": {"read": "10/s", "write": "5/s", "burst": 30},
        "quotas": {"anonymous": "12/m", "authenticated": "25/m"},
    }
    return ReferenceSpec.model_validate(values | more)


@dataclass
class Client:
    """Sends each request over a connection of its own, checked against the reference's CA."""

    ref: Reference
    api: str = "/api/v1/"
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.verify = str(self.ref.ca_file)

    def send(
        self, method: str, path: str, *, user: str = "", plain: bool = False, **more: Any
    ) -> requests.Response:
        headers = dict(more.pop("headers", {}))
        if user:
            headers["Authorization"] = f"Bearer {self.ref.accounts[user]}"
        base = self.ref.plain_url if plain else self.ref.url
        return self.session.request(
            method, base + path, headers=headers, timeout=DEADLINE, allow_redirects=False, **more
        )

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, body: object, **more: Any) -> requests.Response:
        return self.send("POST", path, json=body, **more)

    def balance(self, user: str) -> float:
        """Return the balance, not-a-number where it is not told."""
        return float(self.get(f"{self.api}accounts/me/", user=user).json().get("balance", "nan"))

    def logged(self) -> list[str]:
        return self.ref.log_file.read_text().splitlines()

    def line(self, request_id: str) -> dict[str, Any]:
        found = [json.loads(line) for line in self.logged() if request_id in line]
        assert len(found) == 1
        return dict(found[0])

    def port(self) -> int:
        return int(self.ref.url.rsplit(":", 1)[1])

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ref.ca_file))


Start = Callable[..., Reference]


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    folder.chmod(0o700)
    return folder


@pytest.fixture(scope="session")
def shared_reference(state: Path) -> Iterator[Reference]:
    with Journal.open("session", state) as journal, Reference.start(spec(), journal=journal) as ref:
        yield ref


@pytest.fixture
def ref(shared_reference: Reference) -> Iterator[Reference]:
    """The shared reference, whole and with fresh limits; what a test broke is mended."""
    shared_reference.reset_limits()
    yield shared_reference
    for name in sorted(shared_reference.faults):
        shared_reference.heal(name)


@pytest.fixture
def client(ref: Reference) -> Iterator[Client]:
    made = Client(ref)
    with made.session:
        yield made


@pytest.fixture(scope="session")
def promised() -> ReferenceSpec:
    return spec()


@pytest.fixture(scope="session")
def client_of() -> type[Client]:
    return Client


@pytest.fixture(scope="session")
def spec_of() -> Callable[..., ReferenceSpec]:
    return spec


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary folder whose name is short enough for a run to be put into it."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)
