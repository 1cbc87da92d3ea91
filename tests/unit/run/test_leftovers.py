"""What a run plans, a fresh `clean` knows how to remove: whatever else it has not imported."""

import http.server
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verify.drills.postgres import sentinel
from verify.effects.journal import Journal, clean
from verify.effects.leftovers import CannotReap
from verify.effects.record import Record
from verify.run import leftovers

VERIFY = Path(__file__).parents[3] / "verify"
#: a kind that is planned by its name, or by a constant of its module
PLANNED = re.compile(r'\.plan\(\s*"([a-z0-9-]+)"|^KIND = "([a-z0-9-]+)"', re.MULTILINE)
FRESH = """
import json
from verify.effects.leftovers import REAPERS
from verify.run import leftovers
leftovers.register()
print(json.dumps(sorted(REAPERS)))
"""


def test_every_kind_is_known_to_a_fresh_clean() -> None:
    texts = (path.read_text(encoding="utf-8") for path in VERIFY.rglob("*.py"))
    planned = {one or other for text in texts for one, other in PLANNED.findall(text)}
    assert {"process", "directory", "scratch-database", "sentinel-schema", "s3-object"} <= planned
    argv = [sys.executable, "-c", FRESH]
    known = json.loads(subprocess.run(argv, capture_output=True, check=True, cwd=VERIFY.parent).stdout)
    assert planned - set(known) == set()


def test_a_schema_in_the_runs_own_source_went_with_it() -> None:
    details = {"name": "drill_sentinel_0123456789ab", "server": "a socket", "variable": ""}
    record = Record(run_id="dead", id=1, kind=sentinel.KIND, at=0.0, planned=details)
    assert sentinel.reap(record).startswith("went with its server")


def test_a_schema_in_somebody_elses_source_needs_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOBODYS_SOURCE", raising=False)
    details = {"name": "drill_sentinel_0123456789ab", "server": "shop at x", "variable": "NOBODYS_SOURCE"}
    record = Record(run_id="dead", id=1, kind=sentinel.KIND, at=0.0, planned=details)
    with pytest.raises(CannotReap, match=r"NOBODYS_SOURCE.*DROP SCHEMA drill_sentinel_0123456789ab"):
        sentinel.reap(record)


@pytest.fixture
def removed() -> Iterator[tuple[str, list[str]]]:
    """A system on loopback that lets itself be cleaned: its port, and what it was asked."""
    asked: list[str] = []

    class Serving(http.server.BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Serving)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield str(server.server_address[1]), asked
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize("private", [True, False, None])
def test_what_was_left_at_a_private_address_is_removed_where_the_environment_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, removed: tuple[str, list[str]], *, private: bool | None
) -> None:
    """A name that is no address itself, at a private one; a journal of before says nothing of it."""
    port, asked = removed
    real = socket.getaddrinfo

    def looked_up(host: str, *words: Any, **more: Any) -> Any:
        if host == "shop.example" and more.get("flags") == socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return real("127.0.0.1" if host == "shop.example" else host, *words, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    leftovers.register()
    said = {} if private is None else {"private": private}
    journal = Journal.open("dead", tmp_path)
    journal.plan("http-resource", url=f"http://shop.example:{port}/items/1", method="DELETE", **said)
    journal.close()
    (reaped,) = clean(tmp_path)
    assert asked == (["/items/1"] if private else [])
    assert ("answered 204" if private else "private or loopback address") in str(reaped)
