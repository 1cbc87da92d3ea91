"""A project that is not ours: a fresh Wagtail site on its own server, judged from outside by the gate.

What is expected here was confirmed with curl on such sites, without the gate.
"""

import importlib.util
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from verify.effects.journal import Journal
from verify.effects.process import Finished, Service, clean_environment, run

CONTRACT = Path(__file__).parent / "third_party" / "wagtail.yaml"
#: the address that the contract states, Django's default
STATED = "http://127.0.0.1:8000"
ENV = clean_environment({"PYTHONUNBUFFERED": "1"})
#: settings that a team adds when it reads the report; the project looks for them in this file
LOCAL = Path("tryout", "settings", "local.py")
MENDED = 'DEBUG = False\nALLOWED_HOSTS = ["127.0.0.1"]\nCSRF_COOKIE_SECURE = True\n'
#: bounds a hang, judges no speed
PATIENCE = 180.0

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(
        importlib.util.find_spec("wagtail") is None,
        reason="needs wagtail: pip install --require-hashes -r requirements/nightly.txt",
    ),
]

HOLDS = {
    "home",  # 200
    "search",  # 200, with a form
    "admin",  # each answers 302 to its login, with and without a wrong token
    "slash",  # APPEND_SLASH: 301 to /admin/
    "open",  # the logins show their form and go nowhere, the slash redirects are relative
    "frames",  # XFrameOptionsMiddleware says DENY, also on the 404
    "sniffing",  # SecurityMiddleware says nosniff and same-origin, also on the 404
    "same-site",  # csrftoken is Lax; it is for scripts, so that HttpOnly is not asked for
    "files",  # 404; /admin/ and /server-status redirect (login, slash); the path with ".." gives a bare 500
    "listing",  # 404 for the folders, static and media files themselves are served
    "origins",  # nothing sends Access-Control-Allow-Origin
    "readiness/within",  # of the baseline: the start page answered three times in a row
}
#: claim -> what its findings have to say
VIOLATED = {
    "debug": ("Django's debug page is shown on 404",),  # the site starts with DEBUG = True
    "host": ("the foreign Host verify.invalid is not refused",),  # ALLOWED_HOSTS = ["*"]
    "banner": ("WSGIServer/0.2 CPython/",),  # of runserver
    "policy": ("Content-Security-Policy is missing on 200",),  # neither Wagtail nor this Django sends one
    "secure": ("cookie csrftoken lacks Secure",),  # CSRF_COOKIE_SECURE is off by default
    "https": ("the redirect does not lead to HTTPS",),  # SECURE_SSL_REDIRECT is off by default
    # runserver serves static files before the middleware, without the headers of pages
    "assets-sniffing": ("X-Content-Type-Options is missing on 200",),
    "kept": ("the lifetime is too short", "no Cache-Control"),
}
INCONCLUSIVE = {
    "hsts",  # there is no HTTPS to see it on: never green, and not held against the site either
}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The gate's end, what it reported, and what the site logged of it."""

    ended: Finished
    report: dict[str, Any]
    log: str

    @property
    def claims(self) -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in self.report["claims"] if one["standing"] == "selected"}

    def came_out(self, outcome: str) -> set[str]:
        return {name for name, claim in self.claims.items() if claim["outcome"] == outcome}

    def findings(self, claim: str) -> str:
        return json.dumps([check["findings"] for check in self.claims[claim]["checks"]])


def done(ended: Finished) -> Finished:
    assert ended.ok, (ended.stdout + ended.stderr).decode()
    return ended


def address(service: Service) -> str:
    """Return where the site listens, once it says so: it chose a free port itself."""
    deadline = time.monotonic() + PATIENCE
    while True:
        said = re.search(r"server at (http://127\.0\.0\.1:[1-9]\d*)/", service.log.read_text("utf-8"))
        if said:
            return said[1]
        assert not service.wait(0.05), f"the site ended: {service.tail()}"
        assert time.monotonic() < deadline, f"the site does not listen: {service.tail()}"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site as `wagtail start` makes it, on SQLite; it is served by Django's own server."""

    folder: Path
    journal: Journal

    def manage(self, *words: str) -> None:
        """Run a program of the site to its end."""
        argv = [sys.executable, *words]
        done(run(argv, deadline=PATIENCE, env=ENV, cwd=self.folder, journal=self.journal))

    def serve(self, name: str) -> Service:
        argv = [sys.executable, "manage.py", "runserver", "--noreload", "127.0.0.1:0"]
        log = self.folder / f"{name}.log"
        return Service.start(argv, name=name, log=log, env=ENV, cwd=self.folder, journal=self.journal)

    def judge(self, name: str, folder: Path, *options: str) -> Judged:
        """Serve the site while the gate is run on it, as a user runs it, in a ``folder`` of its own."""
        with self.serve(name) as service:
            contract = CONTRACT.read_text("utf-8").replace(STATED, address(service))
            (folder / "verify.yaml").write_text(contract, "utf-8")
            env = clean_environment({"VERIFY_STATE_DIR": str(folder / "state")})
            argv = [sys.executable, "-m", "pytest", "--env=local", "-p", "no:cacheprovider", *options]
            ended = run(argv, deadline=PATIENCE, env=env, cwd=folder, journal=self.journal)
            verdict = folder / "reports" / "verdict.json"
            assert verdict.exists(), (ended.stdout + ended.stderr).decode()
            report = json.loads(verdict.read_text("utf-8"))
            return Judged(ended=ended, report=report, log=service.log.read_text("utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, state = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("state")
    with Journal.open("third-party", state) as journal:
        made = Site(folder=folder, journal=journal)
        made.manage("-m", "wagtail.bin.wagtail", "start", "tryout", ".")
        made.manage("manage.py", "migrate")
        yield made
    assert not list(state.glob("*.jsonl")), "expected no journal: everything that was started has ended"


@pytest.fixture(scope="module")
def judged(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return site.judge("as-started", tmp_path_factory.mktemp("gate"))


def test_the_contract_is_short() -> None:
    assert len(CONTRACT.read_text("utf-8").splitlines()) <= 40


def test_each_claim_comes_out_as_the_site_is(judged: Judged) -> None:
    assert judged.came_out("violated") == set(VIOLATED)
    assert judged.came_out("holds") == HOLDS
    assert judged.came_out("inconclusive") == INCONCLUSIVE
    rest = set(judged.claims) - HOLDS - INCONCLUSIVE - set(VIOLATED)
    assert rest == {"readiness/version"}  # of the baseline; no release was stated


@pytest.mark.parametrize("claim", sorted(VIOLATED))
def test_what_is_wrong_is_shown(judged: Judged, claim: str) -> None:
    assert [words for words in VIOLATED[claim] if words not in judged.findings(claim)] == []


def test_such_a_site_is_not_promoted(judged: Judged) -> None:
    assert judged.ended.returncode == 1, judged.ended.stdout.decode()
    assert judged.report["decision"] == "roll back"  # debug pages are a blocker


def test_the_site_was_only_looked_at(judged: Judged) -> None:
    asked = re.findall(r'^\[[^]]+\] "([A-Z]+) \S+ HTTP/1\.1" \d{3} ', judged.log, re.MULTILINE)
    assert set(asked) == {"GET", "OPTIONS"}
    assert len(asked) == judged.report["run"]["requests"] <= 200


def test_what_is_mended_holds(site: Site, tmp_path: Path) -> None:
    """The same claims on the same site, with the three settings that they ask for."""
    mended = {"debug", "host", "secure"}
    local = site.folder / LOCAL
    local.write_text(MENDED, "utf-8")
    try:
        judged = site.judge("mended", tmp_path, *(f"--claim={claim}" for claim in sorted(mended)))
    finally:
        local.unlink()
    assert judged.came_out("holds") == mended
    assert judged.ended.returncode == 0, judged.ended.stdout.decode()
    assert judged.report["decision"] == "hold"  # three claims never speak for all
