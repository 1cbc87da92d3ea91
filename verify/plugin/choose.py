"""Turns what pytest was given into a prepared run and the arguments to collect."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from verify.contract.errors import ContractError
from verify.contract.load import load
from verify.effects.errors import EffectError
from verify.effects.files import read_regular
from verify.judge.rule import RuleError
from verify.model.units import Duration
from verify.run import evidence
from verify.run.locate import NAME, locate
from verify.run.options import Options, UsageError
from verify.run.session import Prepared, prepare

INCONCLUSIVE = ("fail", "skip")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What this pytest run judges, and how.

    ``tests`` are the team's own; ``rewritten`` tells that the arguments are ours, so that
    nothing else is to be run; ``evidence`` are the facts of an earlier run, where they are
    to be judged again; ``given`` is what a worker of xdist needs to choose the same.
    """

    prepared: Prepared
    reports: Path
    skip_inconclusive: bool
    tests: tuple[Path, ...]
    rewritten: bool
    evidence: evidence.Evidence | None
    given: Mapping[str, Any]


def choose(
    config: pytest.Config, given: Mapping[str, Any], defaults: Mapping[str, Any], foreign: str | None
) -> Chosen | None:
    """Return the choice, and put the contract among ``config.args``; raise ``pytest.UsageError``.

    ``defaults`` count where nothing is ``given``. ``foreign`` is the value of a ``--env`` that a
    conftest owns, given on the command line: without a contract it is none of our business.
    """
    everything = {**defaults, **({"env": foreign} if foreign else {}), **given}
    try:
        path = _contract(config, everything.get("contract"), None if given else foreign)
        if path is None:
            return None
        chosen = _chosen(config, everything, path, _shown(path, config))
        return _rewrite(config, chosen)
    except (ContractError, EffectError, RuleError, UsageError) as error:
        hint = "\n(--env belongs to your conftest.py; --verify-env is ours alone)" if foreign else ""
        raise pytest.UsageError(f"{error}{hint}") from error


def choose_again(config: pytest.Config, handed: Mapping[str, Any]) -> Chosen:
    """Return in a worker what the controller chose, from what it handed over."""
    config.args = list(handed["args"])
    return _chosen(
        config, handed["given"], Path(handed["contract"]), handed["name"], rewritten=handed["rewritten"]
    )


def handed_over(config: pytest.Config, chosen: Chosen) -> dict[str, Any]:
    """Return plain data for ``choose_again``; the worker judges no evidence."""
    return {
        "args": [str(argument) for argument in config.args],
        "given": {name: value for name, value in chosen.given.items() if name != "evidence"},
        "contract": str(chosen.prepared.path),
        "name": chosen.prepared.name,
        "rewritten": chosen.rewritten,
    }


def _contract(config: pytest.Config, stated: str | None, foreign: str | None) -> Path | None:
    """Return the contract, None where all that was given is a ``foreign`` --env of which there is none."""
    named = {} if stated else dict.fromkeys(_named(config))
    if len(named) > 1:
        listed = "".join(f"\n  {path}" for path in named)
        raise UsageError(f"several contracts are named, and a run judges one: name one of{listed}")
    if named:
        return next(iter(named))
    base = config.invocation_params.dir
    try:
        path = _absolute(locate(base / stated if stated else None, (base, config.rootpath)))
    except UsageError:
        if foreign:
            return None
        raise
    if foreign and _explicit(config) and not _declares(path, foreign):
        return None  # their own tests with their own --env, which the contract does not speak of
    return path


def reports_of(config: pytest.Config, given: Mapping[str, Any]) -> Path:
    """Return the folder that reports are written to."""
    return config.rootpath / (given.get("reports") or "reports")


def dry(config: pytest.Config) -> bool:
    """Tell whether this run only shows what it would do: nothing is asked, and nothing written."""
    return bool(config.option.collectonly or config.getoption("setuponly", default=False))


def _named(config: pytest.Config) -> Iterator[Path]:
    """Yield each contract that is named on the command line, by itself or by its folder."""
    for argument in config.args:
        path = config.invocation_params.dir / str(argument).partition("::")[0]
        if path.name == NAME or (_explicit(config) and (path / NAME).exists()):
            yield _absolute(locate(path, ()))


def _absolute(path: Path) -> Path:
    """Return the path as pytest makes it: without ``..``, links as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, absolute() keeps ..


def _declares(path: Path, environment: str) -> bool:
    return environment in load(read_regular(path), str(path)).contract.environments


def _explicit(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.ARGS


def _chosen(
    config: pytest.Config, given: Mapping[str, Any], path: Path, name: str, *, rewritten: bool = False
) -> Chosen:
    inconclusive = given.get("inconclusive") or "fail"
    if inconclusive not in INCONCLUSIVE:
        raise UsageError(f"--inconclusive={inconclusive}: expected one of {', '.join(INCONCLUSIVE)}")
    facts = _evidence(config.invocation_params.dir, given)
    environment = given.get("env") or (facts.environment if facts is not None else None)
    options = Options(
        environment=environment,
        suites=tuple(given.get("suite") or ()),
        claims=tuple(given.get("claim") or ()),
        expect_version=given.get("expect-version"),
        allow_destructive=given.get("allow-destructive"),
        waivers=not given.get("no-waivers"),
        faults=tuple(given.get("fault") or ()),
        watch=_duration(given, "watch"),
        watch_interval=_duration(given, "watch-interval"),
    )
    prepared = prepare(path, options, name=name)
    _fits(facts, prepared)
    tests = tuple(_absolute(path.parent / test) for test in prepared.loaded.contract.tests)
    absent = [str(test) for test in tests if not test.exists()]
    if absent:
        raise UsageError(f"{name}: `tests:` names what is not there: {', '.join(absent)}")
    return Chosen(
        prepared=prepared,
        reports=reports_of(config, given),
        skip_inconclusive=inconclusive == "skip",
        tests=tests,
        rewritten=rewritten,
        evidence=facts,
        given={**given, "env": environment},
    )


def _duration(given: Mapping[str, Any], name: str) -> Duration | None:
    """Return the time that an option gives; raise ``UsageError`` where it is none, or nothing."""
    stated = given.get(name)
    if not stated:
        return None
    try:
        read = Duration.parse(stated)
    except ValueError as error:
        raise UsageError(f"--{name}={stated}: {error}") from error
    if not read:
        raise UsageError(f"--{name}={stated}: expected a time above zero, such as 15m")
    return read


def _evidence(folder: Path, given: Mapping[str, Any]) -> evidence.Evidence | None:
    stated = given.get("evidence")
    if not stated:
        return None
    return evidence.parse(read_regular(folder / stated, limit=evidence.LIMIT), str(stated))


def _fits(facts: evidence.Evidence | None, prepared: Prepared) -> None:
    """Raise ``UsageError`` where the evidence is of something else than is to be judged."""
    if facts is None:
        return
    if prepared.options.expect_version is not None:
        raise UsageError(
            f"{facts.name}: what was expected then is in the evidence: leave out --expect-version"
        )
    system, environment = prepared.loaded.contract.system, prepared.options.environment
    if facts.system != system:
        raise UsageError(f"{facts.name}: expected evidence of {system}, found evidence of {facts.system}")
    if facts.environment is not None and facts.environment != environment:
        raise UsageError(
            f"{facts.name}: expected evidence of environment {environment}, "
            f"found evidence of {facts.environment}: leave out --env, or run again"
        )


def _shown(path: Path, config: pytest.Config) -> str:
    """Return the contract's path as the user would type it."""
    base = config.invocation_params.dir
    if path.is_relative_to(base) or path.is_relative_to(config.rootpath):
        return os.path.relpath(path, base)
    return str(path)


def _rewrite(config: pytest.Config, chosen: Chosen) -> Chosen:
    """Collect the contract and its tests: instead of the defaults, or of a folder that was named."""
    contract = chosen.prepared.path
    ours = [str(contract), *map(str, chosen.tests)]
    if not _explicit(config):
        config.args = ours
        return replace(chosen, rewritten=True)
    rewritten = False
    arguments: list[str] = []
    for argument in config.args:
        if _absolute(config.invocation_params.dir / argument / NAME) == contract:
            arguments += ours
            rewritten = True
        else:
            arguments.append(argument)
    config.args = arguments
    return replace(chosen, rewritten=rewritten)
