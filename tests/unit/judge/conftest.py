"""Packages of rules that exist for one test only."""

import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from verify.judge.registry import Registry

_NUMBERS = itertools.count()
HEAD = """
    '''A sample holds.

    Why it matters.

    Fix: mend it.
    '''
    from collections.abc import Iterator
    from dataclasses import dataclass
    from verify.contract.values import Duration
    from verify.facts.compose import ComposeFile
    from verify.facts.http import Exchange, Get
    from verify.facts.burst import Burst, Volley, Shot
    from verify.facts.flow import Walk, WalkThrough
    from verify.facts.openapi import Described
    from verify.rules import *
"""
ANSWERS = """
    @dataclass(frozen=True, kw_only=True)
    class Params(Stated):
        path: str
        within: Duration = seconds(1)
        def needs(self) -> dict[str, Get]:
            return {"answer": Get(path=self.path)}
    STATED = Params(path="/")
    HOLDS = given(STATED, answer=Exchange(status=200))
    FAILS = [given(STATED, answer=Exchange(status=500))]
    @rule(severity="error", faults=["broken"])
    def check(answer: Exchange, stated: Params) -> Iterator[Finding | Unknown | Nothing | Seen]:
        if answer.status == 204:
            yield Nothing("there is no body")
        elif answer.status == 299:
            yield Unknown("who knows")
        elif answer.status == 298:
            raise ValueError("wild")
        elif answer.status != 297:
            yield Seen(answer.status, what="status")
        if answer.status >= 300:
            yield Finding(answer.place, "wrong status", "200", answer.status)
"""
FILE = """
    HOLDS = "services: {web: {image: a}}\\n"
    FAILS = "services:\\n  web: {}  # finding\\n"
    @rule(severity="warning", baseline=True)
    def check(compose: ComposeFile) -> Iterator[Finding | Seen]:
        for service in compose.services:
            yield Seen(service.name)
            if "image" not in service.spec:
                yield Finding(service.place(), "no image")
"""
Make = Callable[..., Registry]


def _source(text: str) -> str:
    return textwrap.dedent(HEAD) + textwrap.dedent(text)


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make a registry of the rule files in ``{"family/name": text, "family": its __init__}``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def make(files: Mapping[str, str], *, whole: bool = False) -> Registry:
        name = f"sample_rules_{next(_NUMBERS)}"
        root = tmp_path / name
        root.mkdir()
        (root / "__init__.py").write_text("")
        for family in {path.partition("/")[0] for path in files}:
            (root / family).mkdir()
            (root / family / "__init__.py").write_text(files.get(family, "SUITE = 'smoke'\n"))
        for path, text in files.items():
            if "/" in path:
                (root / f"{path}.py").write_text(text if whole else _source(text))
        return Registry((name,))

    yield make
    for added in set(sys.modules) - before:
        if added.startswith("sample_rules_"):
            del sys.modules[added]


@pytest.fixture
def answers() -> str:
    """A rule over one exchange."""
    return ANSWERS


@pytest.fixture
def per_file() -> str:
    """A baseline rule that is judged for each Compose file."""
    return FILE
