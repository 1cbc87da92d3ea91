"""Small systems on loopback, and the world as a collector sees it."""

import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from verify.collectors.world import World
from verify.contract.load import load
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.effects.transport import Origin, Policy, Transport
from verify.model.units import seconds


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as the system saw it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int = 200
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0


Handler = Callable[[Asked], Reply]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


class System:
    """An HTTP system that answers as a function says, and remembers what it was asked."""

    def __init__(self, answer: Handler, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        lock = threading.Lock()

        class Serving(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked = Asked(
                    method=self.command,
                    path=self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length),
                    at=time.monotonic(),
                )
                with lock:
                    outer.asked.append(asked)
                reply = answer(asked)
                if reply.after:
                    outer.stopping.wait(reply.after)
                body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        for method in METHODS:
            setattr(Serving, f"do_{method}", Serving.handle_any)
        outer = self
        self.stopping = threading.Event()
        self._server = Quiet(("127.0.0.1", 0), Serving, context)
        self.scheme = "https" if context else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def lines(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class Quiet(http.server.ThreadingHTTPServer):
    """Threads that are joined at the end, errors of broken connections that nobody reads."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: Any, handler: Any, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(address, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(10)
        if self._context is None:
            super().finish_request(request, client_address)
            return
        with self._context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is not our concern."""


@pytest.fixture
def serve() -> Iterator[Callable[..., System]]:
    running: list[System] = []

    def start(answer: Handler | Mapping[str, Reply], context: ssl.SSLContext | None = None) -> System:
        handler = answer if callable(answer) else lambda asked: answer.get(asked.path, Reply(status=404))
        running.append(System(handler, context))
        return running[-1]

    yield start
    for system in running:
        system.stop()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


CONTRACT = """
verify: 1
system: sample
document: deployment.md
environments:
  test:
    url: URL
    protection: disposable
    readiness: {within: WITHIN, interval: 20ms, consecutive: 3, deadline: 1s}
MORE
endpoints:
  health: {path: /health}
"""


@pytest.fixture
def world(serve: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    """Make worlds of a contract's environment ``test`` at the given address; ``serve`` ends after them."""
    assert serve
    transports: list[Transport] = []
    journals: list[Journal] = []
    state = tmp_path / "state"
    monkeypatch.setenv("VERIFY_STATE_DIR", str(state))

    def make(
        url: str, more: str = "", environment: str = "", hosts: tuple[str, ...] = (), **options: Any
    ) -> World:
        text = CONTRACT.replace("URL", url).replace("MORE", environment) + more
        text = text.replace("WITHIN", options.pop("within", "1s"))
        contract = load(text.encode(), "verify.yaml").contract
        trust = options.pop("trust", None)
        policy = Policy(
            origins=frozenset(Origin.of(each) for each in (url, *hosts)),
            destructive=options.pop("destructive", True),
        )
        transport = Transport(
            policy,
            redactor=Redactor(),
            user_agent="verify/0",
            trust=trust,
            default_deadline=options.pop("deadline", seconds(5)),
        )
        transports.append(transport)
        journals.append(Journal.open(f"test-{len(journals)}", state))
        return World(
            contract=contract,
            root=tmp_path,
            run_id=journals[-1].run_id,
            environment=contract.environments["test"],
            url=url,
            trust=trust,
            transport=transport,
            journal=journals[-1],
            credentials=options.pop("credentials", {}),
            **options,
        )

    yield make
    for transport in transports:
        transport.close()
    for journal in journals:
        journal.close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path
