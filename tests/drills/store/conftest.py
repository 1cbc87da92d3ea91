"""Buckets, who asks for them, and a server that answers what a test wants."""

import http.server
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from verify.drills.aws import Access
from verify.drills.store.base import Using
from verify.drills.store.s3 import S3Store
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.reference.objectstore import ObjectStore

ACCESS, SECRET = "TEST_STORE_ACCESS", "TEST_STORE_SECRET"


@pytest.fixture
def admin(object_store: ObjectStore) -> Any:
    """S3 as anybody with the key sees it, without any of our code."""
    return boto3.client(
        "s3",
        endpoint_url=object_store.url,
        region_name="us-east-1",
        aws_access_key_id=object_store.access,
        aws_secret_access_key=object_store.secret,
    )


@pytest.fixture
def bucket(admin: Any) -> str:
    name = f"backups-{secrets.token_hex(4)}"
    admin.create_bucket(Bucket=name)
    return name


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def journal(state: Path) -> Iterator[Journal]:
    opened = Journal.open(f"run-{secrets.token_hex(4)}", state)
    yield opened
    opened.close()


@pytest.fixture
def using(journal: Journal) -> Using:
    return Using(journal=journal, redactor=Redactor())


@pytest.fixture
def environ(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Set the variables that the contract would name."""
    values = {ACCESS: object_store.access, SECRET: object_store.secret}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def access(object_store: ObjectStore) -> Access:
    return Access(endpoint=object_store.url, region="us-east-1", access=ACCESS, secret=SECRET)


@pytest.fixture
def opened(access: Access, using: Using, environ: dict[str, str]) -> Iterator[Callable[..., S3Store]]:
    """Open a store at a place."""
    stores: list[S3Store] = []

    def at(place: str, *, using: Using = using, writes: bool = True) -> S3Store:
        stores.append(S3Store(place, access, using, environ=environ, writes=writes))
        return stores[-1]

    yield at
    for each in stores:
        each.close()


@pytest.fixture
def store(bucket: str, opened: Callable[..., S3Store]) -> S3Store:
    return opened(f"s3://{bucket}/db")


class Stub:
    """Answers every request the same way; ``seen`` are the request lines."""

    def __init__(self, answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> None:
        stub = self
        self.seen: list[str] = []
        self.over = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stub.seen.append(f"{self.command} {self.path}")
                self.close_connection = True
                answer(self)

            do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.over = self.over  # type: ignore[attr-defined]  # for an answer that has no end
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def stubbed() -> Iterator[Callable[..., Stub]]:
    stubs: list[Stub] = []

    def stub(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Stub:
        stubs.append(Stub(answer))
        return stubs[-1]

    yield stub
    for each in stubs:
        each.close()
