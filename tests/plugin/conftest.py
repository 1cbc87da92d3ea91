"""A user's repository, a small system on loopback that counts, and a pytest to run on both."""

import base64
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from verify.cli import main

#: bounds a hang, judges no speed
PATIENCE = 120.0
#: plugins of this environment that the runs do without, so that they start fast
QUIET = ("-p", "no:hypothesispytest", "-p", "no:randomly", "-p", "no:cacheprovider")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Site:
    """The system that the runs look at; ``asked`` is everything since the test began.

    ``/slow`` answers when ``release`` is set; ``/echo/…`` repeats what it was sent in body,
    headers and a redirect, ``/long/…`` so that a report cuts it, in several encodings; ``/hostile``
    says what a terminal or a CI would obey; ``/broken`` answers 500, ``/missing`` 404, all else 200.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    release: Event = field(default_factory=Event)
    arrived: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def count(self, path: str = "", method: str = "") -> int:
        """Return how many requests came, of a path or method only where one is given."""
        with self.lock:
            return sum(path in {"", one.path} and method in {"", one.method} for one in self.asked)

    def reset(self) -> None:
        """Forget what came, and let ``/slow`` wait again."""
        with self.lock:
            self.asked.clear()
        self.release.clear()
        self.arrived.clear()


def encoded(text: str) -> dict[str, str]:
    """Return ``text`` in four encodings, behind so much else that a line has no room for all."""
    before = "x" * 66 + "/"
    return {
        "raw": before + text,
        "url": before + quote(text, safe=""),
        "base64": before + base64.b64encode(text.encode()).decode(),
        "json": before + json.dumps(text)[1:-1],
    }


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:
    """Return the handler that answers for ``site``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length).decode()
            with site.lock:
                site.asked.append(Asked(method=self.command, path=self.path, headers=dict(self.headers)))
            status = {"/broken": 500, "/missing": 404}.get(self.path, 200)
            body: dict[str, Any] = {"status": "ok", "count": 3}
            extra: dict[str, str] = {"X-Content-Type-Options": "nosniff"}
            if self.path == "/slow":
                site.arrived.set()
                site.release.wait(PATIENCE)
            if self.path.startswith("/echo"):
                status, body = 302, {"headers": dict(self.headers), "path": self.path, "sent": sent}
                shown = self.headers.get("Authorization") or self.headers.get("X-Key") or ""
                extra |= {"X-Echo": shown, "Location": f"/landing?token={shown.rpartition(' ')[2]}"}
            if self.path == "/hostile":
                body = {"version": "1.2.3\n::error::owned"}
                extra["X-Frame-Options"] = "\x1b[2J\x1b[31mOWNED\x1b]0;title\x07"
            if self.path.startswith("/long"):
                body = encoded(self.headers["X-Key"])
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**extra, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a killed run waits for nothing
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the base class names them

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            """Keep quiet."""

    return Handler


@pytest.fixture(scope="session")
def running_site() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.release.set()
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    running_site.reset()
    yield running_site
    running_site.release.set()


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one pytest, or one ``deploy-verify``, came to."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Return everything that was printed."""
        return self.out + self.err


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A user's repository with a contract for ``site``."""

    path: Path
    site: Site
    pytester: pytest.Pytester

    def write(self, name: str, text: str) -> Path:
        """Write a file of the repository."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def contract(
        self,
        claims: Mapping[str, Any] | None = None,
        *,
        name: str = "verify.yaml",
        staging: Mapping[str, Any] | None = None,
        **parts: Any,
    ) -> Path:
        """Write a contract of three claims that hold, and those given; ``parts`` are its other keys."""
        usual = {"url": self.site.url, "readiness": {"within": "5s", "consecutive": 1, "interval": "20ms"}}
        document = {
            "verify": 1,
            "system": "shop",
            "environments": {
                "staging": {**usual, "protection": "disposable", "gate": ["smoke"], **(staging or {})},
                "live": {**usual, "gate": ["smoke"], "rate": "1000/s"},
            },
            "endpoints": {
                "health": {"path": "/health"},
                "products": {"path": "/products"},
                "broken": {"path": "/broken"},
                "slow": {"path": "/slow"},
            },
            "claims": {**HOLDING, **(claims or {})},
            "baseline": "none",
        }
        for key, value in parts.items():
            usually = document.get(key)
            document[key] = {**usually, **value} if isinstance(usually, dict) else value
        return self.write(name, yaml.safe_dump(document, sort_keys=False))

    def pytest(self, *arguments: str, quiet: Sequence[str] = QUIET, cwd: Path | None = None) -> Ran:
        """Run pytest in a process of its own."""
        return self.command(sys.executable, "-m", "pytest", *quiet, *arguments, cwd=cwd)

    def pytest_here(self, *arguments: str) -> Ran:
        """Run pytest in this process: quick, for runs that end before anything is imported or asked."""
        result = self.pytester.runpytest_inprocess(*QUIET, *arguments)
        return Ran(code=int(result.ret), out=result.stdout.str(), err=result.stderr.str())

    def cli_here(self, *arguments: str, cwd: Path | None = None) -> Ran:
        """Run the command ``deploy-verify`` in this process: quick, for what starts nothing."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(cwd or self.path),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                code = main(arguments)
            except SystemExit as stopped:  # argparse's
                code = int(str(stopped.code))
        return Ran(code=code, out=out.getvalue(), err=err.getvalue())

    def cli(self, *arguments: str, cwd: Path | None = None) -> Ran:
        """Run the command ``deploy-verify`` in a process of its own."""
        start = "import sys; from pytest_deploy_verify import main; sys.exit(main())"
        return self.command(sys.executable, "-c", start, *arguments, cwd=cwd)

    def command(self, *words: str, cwd: Path | None = None) -> Ran:
        """Run a program in the repository, or in a folder of it."""
        with contextlib.chdir(cwd or self.path):
            result = self.pytester.run(*words, timeout=PATIENCE)
        return Ran(code=int(result.ret), out=result.stdout.str(), err=result.stderr.str())

    def verdict(self, folder: str = "reports") -> dict[str, Any]:
        """Return what the last run wrote for machines."""
        return dict(json.loads((self.path / folder / "verdict.json").read_text()))

    def outcomes(self, folder: str = "reports") -> dict[str, str]:
        """Return each judged claim's outcome by ``suite::claim``."""
        claims = self.verdict(folder)["claims"]
        return {f"{one['suite']}::{one['id']}": one["outcome"] for one in claims if one["outcome"]}


def claim(rule: str, says: str = "it is as stated", **values: Any) -> dict[str, Any]:
    """Return a claim that one rule judges."""
    return {"says": says, "at": "docs/deploy.md", "rule": rule, **({"with": values} if values else {})}


HOLDING = {
    "SHOP-1": claim("health/status", "the health endpoint answers", endpoint="health"),
    "SHOP-2": claim("endpoint/answers", "products are listed", endpoint="products"),
    "SHOP-3": claim(
        "headers/present", "nosniff", headers=["X-Content-Type-Options"], on=["/health", "/missing"]
    ),
}


@pytest.fixture(scope="session")
def claim_of() -> Callable[..., dict[str, Any]]:
    """Return the function that writes a claim."""
    return claim


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder where the many runs share what they compile."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def shop(pytester: pytest.Pytester, site: Site, bytecode: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A repository with a contract that holds, in an environment without settings of ours."""
    monkeypatch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(Path(REAL_HOME, ".cache")))
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(bytecode))
    for name in [name for name in os.environ if name.startswith(("VERIFY_", "PYTEST_ADDOPTS", "COV_"))]:
        monkeypatch.delenv(name)
    for name in ("PYTHONDONTWRITEBYTECODE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    made = Shop(path=pytester.path, site=site, pytester=pytester)
    made.contract()
    return made


#: pytester gives each run an empty one
REAL_HOME = os.environ.get("HOME", "/nonexistent")
