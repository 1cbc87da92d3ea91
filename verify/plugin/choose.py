"""Turns what pytest was given into a prepared run and the arguments to collect."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from verify.contract.errors import ContractError
from verify.effects.errors import EffectError
from verify.judge.rule import RuleError
from verify.run.locate import NAME, locate
from verify.run.options import Options, UsageError
from verify.run.session import Prepared, prepare

INCONCLUSIVE = ("fail", "skip")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What this pytest run judges, and how.

    ``tests`` are the team's own; ``rewritten`` tells that the arguments are ours, so that
    nothing else is to be run.
    """

    prepared: Prepared
    reports: Path
    skip_inconclusive: bool
    tests: tuple[Path, ...]
    rewritten: bool


def choose(config: pytest.Config, given: Mapping[str, Any], foreign: str | None) -> Chosen | None:
    """Return the choice, and put the contract among ``config.args``; raise ``pytest.UsageError``.

    ``foreign`` is the value of a ``--env`` that a conftest owns: without a contract it is
    none of our business.
    """
    try:
        path = _contract(config, given, foreign)
        if path is None:
            return None
        return _chosen(config, given, foreign, path)
    except (ContractError, EffectError, RuleError, UsageError) as error:
        hint = "\n(--env belongs to your conftest.py; --verify-env is ours alone)" if foreign else ""
        raise pytest.UsageError(f"{error}{hint}") from error


def _contract(config: pytest.Config, given: Mapping[str, Any], foreign: str | None) -> Path | None:
    stated = given.get("contract")
    if stated:
        return locate(config.invocation_params.dir / stated, ())
    for argument in config.args:
        path = config.invocation_params.dir / str(argument).partition("::")[0]
        if path.name == NAME or (_explicit(config) and (path / NAME).exists()):
            return locate(path, ())
    try:
        return locate(None, (config.invocation_params.dir, config.rootpath))
    except UsageError:
        if foreign and not given:
            return None
        raise


def _explicit(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.ARGS


def _chosen(config: pytest.Config, given: Mapping[str, Any], foreign: str | None, path: Path) -> Chosen:
    inconclusive = given.get("inconclusive") or "fail"
    if inconclusive not in INCONCLUSIVE:
        raise UsageError(f"--inconclusive={inconclusive}: expected one of {', '.join(INCONCLUSIVE)}")
    evidence = given.get("evidence")
    options = Options(
        environment=given.get("env") or foreign,
        suites=tuple(given.get("suite") or ()),
        claims=tuple(given.get("claim") or ()),
        expect_version=given.get("expect-version"),
        allow_destructive=given.get("allow-destructive"),
        waivers=not given.get("no-waivers"),
        evidence=config.invocation_params.dir / evidence if evidence else None,
        faults=tuple(given.get("fault") or ()),
    )
    prepared = prepare(path.absolute(), options, name=_shown(path, config))
    tests = tuple(prepared.path.parent / test for test in prepared.loaded.contract.tests)
    absent = [str(test) for test in tests if not test.exists()]
    if absent:
        raise UsageError(f"{prepared.name}: `tests:` names what is not there: {', '.join(absent)}")
    return Chosen(
        prepared=prepared,
        reports=config.rootpath / (given.get("reports") or "reports"),
        skip_inconclusive=inconclusive == "skip",
        tests=tests,
        rewritten=_rewrite(config, prepared, tests),
    )


def _shown(path: Path, config: pytest.Config) -> str:
    """Return the contract's path as the user would type it."""
    base = config.invocation_params.dir
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def _rewrite(config: pytest.Config, prepared: Prepared, tests: tuple[Path, ...]) -> bool:
    """Collect the contract and its tests: instead of the defaults, or of a folder that was named."""
    ours = [str(prepared.path), *map(str, tests)]
    if not _explicit(config):
        config.args = ours
        return True
    rewritten = False
    arguments: list[str] = []
    for argument in config.args:
        path = config.invocation_params.dir / argument
        if path.is_dir() and (path / NAME).exists() and (path / NAME).absolute() == prepared.path:
            arguments += ours
            rewritten = True
        else:
            arguments.append(argument)
    config.args = arguments
    return rewritten
