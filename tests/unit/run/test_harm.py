"""Whatever a contract claims: what is not disposable is only read, only where declared, within its budget."""

import http.server
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from verify.contract.load import load
from verify.effects import leftovers as known
from verify.effects.journal import clean
from verify.judge.binding import bind
from verify.judge.registry import Registry
from verify.judge.rule import Rule
from verify.model.need import Need, Unseen
from verify.model.verdict import Outcome
from verify.rules.access.anonymous_refused import WRONG
from verify.run import leftovers
from verify.run.gather import gather
from verify.run.options import Options
from verify.run.session import Session, prepare

REGISTRY = Registry(("verify.rules",))
RULES = tuple(rule for rule in REGISTRY.all() if any(rule.live(proof.stated) for proof in rule.holds))
ADDRESS = f"127.{os.getpid() % 250 + 2}.{os.getpid() // 250 % 250 + 1}.9"
SAFE = {"GET", "HEAD", "OPTIONS"}
PATHS = ("/", "/health", "/away", "/schema", "/missing?a=1")
TOKEN = "n0t-4-r34l-t0k3n"
TEXTS = ("X-A", "database", *PATHS)


BODY = b'{"openapi": "3.0.0", "info": {"title": "a", "version": "1"}, "paths": {"/a": {"get": {}}}}'


class Recorder:
    """Answers everybody, sends some of them elsewhere, and notes what came."""

    def __init__(self, elsewhere: str = "") -> None:
        self.asked: list[tuple[str, str]] = []
        self.shown: set[str] = set()
        lock = threading.Lock()

        class Serving(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def any(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with lock:
                    outer.asked.append((self.command, self.path))
                    outer.shown.add(self.headers.get("Authorization") or "")
                self.send_response(302 if self.path == "/away" else 200)
                self.send_header("Location", f"{elsewhere}/stolen")
                self.send_header("Content-Length", str(len(BODY)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(BODY)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        for method in (*SAFE, "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"):
            setattr(Serving, f"do_{method}", Serving.any)
        outer = self
        # nobody else's address: a late request of another test to a port that was its own would count
        self._server = http.server.ThreadingHTTPServer((ADDRESS, 0), Serving)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://{ADDRESS}:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture(scope="module")
def recorders() -> Iterator[tuple[Recorder, Recorder, Recorder]]:
    other = Recorder()
    here, forge = Recorder(other.url), Recorder(other.url)
    yield here, forge, other
    for each in (here, forge, other):
        each.stop()


PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(0, 12),
    "boolean": st.booleans(),
    "object": st.dictionaries(st.sampled_from(TEXTS), st.sampled_from(TEXTS), max_size=2),
    "string": st.sampled_from(["health", "away", "order", *TEXTS]),
}


def values(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a parameter of this schema may take, wild ones among them."""
    if "$ref" in schema:
        return values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return st.one_of([values(one, definitions) for one in schema["anyOf"]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if "examples" in schema:
        return st.sampled_from([*schema["examples"], "1ms", "900/s", "1s"])
    if schema.get("type") == "array":
        return st.lists(values(schema.get("items", {}), definitions), min_size=1, max_size=3)
    return PLAIN.get(schema.get("type", ""), PLAIN["string"])


@st.composite
def claims(draw: st.DrawFn) -> dict[str, Any]:
    drawn = {}
    for number, rule in enumerate(draw(st.lists(st.sampled_from(RULES), min_size=1, max_size=6))):
        drawn[f"C-{number}"] = {"says": "s", "at": "a", "rule": rule.id, "with": draw(stated(rule))}
    return drawn


def stated(rule: Rule) -> st.SearchStrategy[dict[str, Any]]:
    schema = rule.schema()
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    properties = {name: values(one, definitions) for name, one in schema.get("properties", {}).items()}
    return st.fixed_dictionaries(
        {name: one for name, one in properties.items() if name in required},
        optional={name: one for name, one in properties.items() if name not in required},
    )


EVERYTHING = {
    f"C-{number}": {
        "says": "s",
        "at": "a",
        "rule": rule.id,
        "with": {
            name: value
            for name, value in {
                "endpoint": "away",
                "flow": "order",
                "rate": "300/s",
                "burst": 3,
                "method": "POST",
                "path": "/away",
                "on": ["/away"],
                "headers": ["X-A"],
                "dependencies": ["database"],
                "backup": "kept",
                "within": "1h",
                "workflow": "deploy.yml",
            }.items()
            if name in rule.schema()["properties"]
        },
    }
    for number, rule in enumerate(RULES)
}


def contract(
    claimed: dict[str, Any], addresses: tuple[str, str], protection: dict[str, Any], budget: int
) -> dict[str, Any]:
    here, forge = addresses
    return {
        "verify": 1,
        "system": "sample",
        "document": "d.md",
        "environments": {
            "prod": {
                "url": here,
                "gate": ["smoke", "hardening"],
                "budget": budget,
                "rate": "2000/s",
                "readiness": {"within": "300ms", "interval": "10ms"},
                **protection,
            }
        },
        "endpoints": {"health": {"path": "/health"}, "away": {"path": "/away"}},
        "backups": {"kept": {"engine": "postgresql", "store": "nowhere"}},
        "flows": {
            "order": {
                "steps": [
                    {"post": "/orders", "json": {}, "save": {"order": "$.openapi"}},
                    {"delete": "/orders/{order}", "always": True},
                    {"delete": "/orders/{run_id}", "always": True},
                ]
            }
        },
        "pipeline": {"repository": "shop/api", "api": forge, "token": "$HARM_TOKEN"},
        "claims": claimed,
    }


def fitting(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out the claims that the contract refuses; each is judged on its own, so the rest stays."""
    kept = {}
    for name, claim in document["claims"].items():
        alone = {**document, "claims": {name: claim}}
        try:
            bind(load(yaml.safe_dump(alone).encode(), "verify.yaml"), REGISTRY)
        except Exception as error:
            if type(error).__name__ != "ContractError":
                raise
            continue
        kept[name] = claim
    return {**document, "claims": kept}


def everything(document: dict[str, Any]) -> frozenset[Need]:
    """Return the needs of all claims, those too that a plan would rule out."""
    found = bind(load(yaml.safe_dump(document).encode(), "verify.yaml"), REGISTRY)
    return frozenset(need for claim in found for bound in claim.checks for need in bound.check.needs)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    claimed=claims(),
    protection=st.sampled_from([{}, {"protection": "production"}]),
    budget=st.integers(1, 60),
)
@example(claimed=EVERYTHING, protection={}, budget=60)
@example(claimed=EVERYTHING, protection={}, budget=1)
def test_what_is_not_disposable_is_never_harmed(
    tmp_path: Path,
    recorders: tuple[Recorder, Recorder, Recorder],
    monkeypatch: pytest.MonkeyPatch,
    claimed: dict[str, Any],
    protection: dict[str, Any],
    budget: int,
) -> None:
    here, forge, other = recorders
    for kind, reap in known.REAPERS.items():
        monkeypatch.setitem(known.REAPERS, kind, reap)  # put back at the end
    leftovers.register()  # as `deploy-verify clean` does
    monkeypatch.setenv("VERIFY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HARM_TOKEN", TOKEN)
    document = fitting(contract(claimed, (here.url, forge.url), protection, budget))
    path = tmp_path / "verify.yaml"
    path.write_text(yaml.safe_dump(document))
    for planned in (True, False):
        for each in recorders:
            each.asked.clear()
        options = Options(environment="prod", today=datetime.now(UTC).date())
        session = Session(prepare(path, options, registry=REGISTRY))
        try:
            opened = session.open([entry.id for entry in session.prepared.plan.selected])
            if planned:
                session.judge()
            else:  # as if the plan had let everything through
                answers: dict[Need, object] = {}
                gather(everything(document), opened, answers, lambda _: None)
                changing = {"burst", "flow"}
                assert all(
                    isinstance(answer, Unseen) or getattr(answer, "stopped", "") or need.kind not in changing
                    for need, answer in answers.items()
                    if getattr(need, "method", "POST") == "POST"
                )
        finally:
            session.close()
        assert clean(tmp_path / "state") == []  # nothing was made, so nobody is to remove anything
        assert [each for each in (*here.asked, *forge.asked) if each[0] not in SAFE] == []
        assert len(here.asked) <= budget
        assert other.asked == []
        assert session.run().requests - len(forge.asked) <= budget
        assert forge.asked or claimed is not EVERYTHING
        assert forge.shown <= {f"Bearer {TOKEN}"}
        assert here.shown <= {"", WRONG[0][1]}
        assert all(
            verdict.outcome is not Outcome.HOLDS for verdict in session.verdicts.values() if not here.asked
        )


def test_the_examples_speak_of_every_live_rule(recorders: tuple[Recorder, Recorder, Recorder]) -> None:
    """A rule whose parameters cannot be guessed would be left out silently."""
    document = fitting(contract(EVERYTHING, (recorders[0].url, recorders[1].url), {}, 60))
    kept = {claim["rule"] for claim in document["claims"].values()}
    assert {
        "flow/works",
        "pipeline/duration",
        "rate-limit/over",
        "rate-limit/under",
        "openapi/served",
    } <= kept
    assert len(kept) >= len(RULES) // 2
