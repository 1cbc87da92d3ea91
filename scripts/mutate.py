"""Changes the code of the smoke rules in small ways and counts which changes are noticed.

Usage: mutate.py [--least PERCENT] [--only TEXT] [--survivors] [--page FILE]. Every change
(a mutant) is judged in a forked process with a deadline: first by the rule's own HOLDS and
FAILS, then, if they notice nothing, by the unit tests that import the changed module.

A script of our own, because the libraries for it start the whole test run once a mutant
and know nothing of proofs; here the tests are collected once and a mutant takes
milliseconds. What is changed and how stands in ``mutants.py``.
"""

import argparse
import ast
import datetime as dt
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from mutants import Mutant, mutants

from verify.judge.proof import ProofError, prove
from verify.judge.registry import Registry
from verify.judge.rule import Rule, RuleError, read_rule

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests/unit/rules", "tests/unit/facts")
EQUIVALENT = ROOT / "tests" / "repo" / "equivalent.yaml"
#: facts that no smoke rule's verdict rests on: conditions of faults, files
NOT_OURS = frozenset({"broken", "compose", "files"})
DEADLINE = 10  # seconds a mutant; one that hangs is noticed by hanging
SURVIVED, BY_PROOF, BY_TEST = 0, 10, 11
PLUGINS = ("cacheprovider", "randomly", "xdist", "rerunfailures", "cov", "deploy-verify")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One mutant, where it was, and who noticed it: ``proof``, ``test``, ``deadline`` or nobody."""

    module: str
    mutant: Mutant
    by: str

    @property
    def name(self) -> str:
        """Return the mutant as ``equivalent.yaml`` names it."""
        return f"{self.module.removeprefix('verify.')} {self.mutant}"


class Run:
    """Collects the tests once, and judges every mutant in a copy of this process."""

    def __init__(self, only: str) -> None:
        """Judge mutants of modules whose name contains ``only``."""
        self.only = only
        self.outcomes: list[Outcome] = []
        self._failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test failed."""
        self._failed = self._failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Stand in for running the tests once."""
        if session.testsfailed:
            raise SystemExit("mutate.py: the tests could not be collected: run them first")
        self._judge_all(session.items)
        return True

    def _judge_all(self, items: list[pytest.Item]) -> None:
        registry = Registry(("verify.rules",))
        rules = [rule for rule in registry.all() if rule.suite == "smoke"]
        users = _users(rules)
        for module in [*(_module(rule) for rule in rules), *sorted(users)]:
            if self.only not in module:
                continue
            # of a rule the tests that go through the registry, of a fact those that import it
            near = [item for item in items if _concerns(item, module)]
            concerned = users.get(module) or [rule for rule in rules if _module(rule) == module]
            if self._in_a_fork(lambda near=near: self._test(near)) != "nobody":  # type: ignore[misc]  # a default binds it
                raise SystemExit(f"mutate.py: the tests of {module} fail without a mutant: mend them first")
            source = Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8")
            for mutant in mutants(ast.parse(source), whole=module in users):
                by = self._in_a_fork(lambda: self._judge(module, mutant, concerned, near))  # noqa: B023 - called at once
                self.outcomes.append(Outcome(module=module, mutant=mutant, by=by))
            print(f"{module}: {_counts(self.outcomes, module)}", file=sys.__stderr__, flush=True)

    def _in_a_fork(self, judge: "types.FunctionType | object") -> str:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(DEADLINE)
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            status = BY_TEST
            try:
                status = judge()  # type: ignore[operator]  # a function without arguments
            finally:
                os._exit(status)
        try:
            _, ended = os.waitpid(child, 0)
        except BaseException:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        if os.WIFSIGNALED(ended):
            return "deadline"
        return {SURVIVED: "nobody", BY_PROOF: "proof"}.get(os.WEXITSTATUS(ended), "test")

    def _judge(self, module: str, mutant: Mutant, rules: list[Rule], items: list[pytest.Item]) -> int:
        try:
            made = types.ModuleType(module)
            made.__file__ = sys.modules[module].__file__
            before, sys.modules[module] = sys.modules[module], made  # dataclasses look there
            exec(mutant.code, made.__dict__)  # noqa: S102 - our own source, changed in one place
            sys.modules[module] = before
            fresh = {module: made}
            _transplant(before, made)
            for rule in rules:
                prove(read_rule(rule.id, rule.suite, fresh.get(_module(rule), sys.modules[_module(rule)])))
        except Exception:  # noqa: BLE001 - whatever a mutant raises, it is noticed
            return BY_PROOF
        return self._test(items)

    def _test(self, items: list[pytest.Item]) -> int:
        for item in items:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            if self._failed:
                return BY_TEST
        return SURVIVED


def _transplant(old: types.ModuleType, new: types.ModuleType) -> None:
    """Give what others already hold of ``old`` the code, the defaults and the constants of ``new``."""
    for name, value in vars(new).items():
        mine = vars(old).get(name)
        if name not in vars(old):
            continue
        if isinstance(value, types.FunctionType) and isinstance(mine, types.FunctionType):
            _replace(mine, value)
        elif isinstance(value, type) and isinstance(mine, type) and mine.__module__ == old.__name__:
            _transplant_class(mine, value)
        elif not isinstance(value, type | types.ModuleType | types.FunctionType) and not name.startswith("__"):
            for module in [m for n, m in sys.modules.items() if n.startswith("verify.")]:
                if name in vars(module) and vars(module)[name] is mine:
                    setattr(module, name, value)


def _transplant_class(old: type, new: type) -> None:
    for name, value in vars(new).items():
        mine = vars(old).get(name)
        if isinstance(value, property) and isinstance(mine, property):
            mine, value = mine.fget, value.fget
        if isinstance(value, classmethod) and isinstance(mine, classmethod):
            mine, value = mine.__func__, value.__func__
        if isinstance(value, types.FunctionType) and isinstance(mine, types.FunctionType):
            if name == "__init__":  # a dataclass's own: the defaults alone may differ
                mine.__kwdefaults__ = value.__kwdefaults__
            elif not name.startswith("__"):
                _replace(mine, value)
    for name, field in getattr(new, "__dataclass_fields__", {}).items():
        getattr(old, "__dataclass_fields__")[name].default = field.default  # noqa: B009 - a type has none in its stub


def _replace(old: types.FunctionType, new: types.FunctionType) -> None:
    if old.__module__ == new.__module__ and not old.__code__.co_freevars and not new.__code__.co_freevars:
        old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def _module(rule: Rule) -> str:
    return rule.check.__module__


def _users(rules: list[Rule]) -> dict[str, list[Rule]]:
    """Return the fact modules, each with the rules that reach it."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        for module in sorted(_reached(_module(rule), set())):
            found.setdefault(module, []).append(rule)
    return found


def _reached(module: str, seen: set[str]) -> set[str]:
    source = Path(str(importlib.import_module(module).__file__)).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("verify.facts."):
            name = str(node.module)
            if name not in seen and name.rpartition(".")[2] not in NOT_OURS:
                seen.add(name)
                _reached(name, seen)
    return seen


def _concerns(item: pytest.Item, module: str) -> bool:
    if module.startswith("verify.rules."):
        return item.path.parent.name == "rules"
    return f"from {module} import" in item.path.read_text(encoding="utf-8")


def _counts(outcomes: list[Outcome], module: str) -> str:
    mine = [one for one in outcomes if one.module == module and not one.mutant.words]
    return f"{sum(one.by != 'nobody' for one in mine)} of {len(mine)}"


def _equivalent() -> dict[str, str]:
    """Return the mutants that change no verdict, each with the reason."""
    read = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else None
    return dict(read or {})


def _report(outcomes: list[Outcome], asked: argparse.Namespace) -> int:
    counted = [one for one in outcomes if not one.mutant.words]
    noticed = [one for one in counted if one.by != "nobody"]
    survived = [one for one in counted if one.by == "nobody"]
    share = 100 * len(noticed) / len(counted)
    if asked.survivors:
        print("\n".join(f"{one.mutant.line:4} {one.name}" for one in survived))
    for line in _table(outcomes):
        print(line)
    print(f"noticed {len(noticed)} of {len(counted)}: {share:.1f} %")
    if asked.page is not None:
        asked.page.write_text("\n".join(_page(outcomes)) + "\n", encoding="utf-8")
    gone = sorted(set(_equivalent()) - {one.name for one in survived}) if not asked.only else []
    if gone:
        print("no longer survivors, take them out of equivalent.yaml:", *gone, sep="\n  ")
    return 1 if share < asked.least or gone else 0


def _family(module: str) -> str:
    kind, *_ = module.removeprefix("verify.").split(".")
    return module.removeprefix("verify.").rpartition(".")[0].replace("rules.", "") if kind == "rules" else "facts"


def _table(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield one row a rule or fact module."""
    yield "| module | noticed | of | by proofs | by tests | equivalent |"
    yield "|---|--:|--:|--:|--:|--:|"
    equal = _equivalent()
    for module in dict.fromkeys(one.module for one in outcomes):
        mine = [one for one in outcomes if one.module == module and not one.mutant.words]
        by = Counter(one.by for one in mine)
        same = sum(one.name in equal for one in mine if one.by == "nobody")
        name = module.removeprefix("verify.").replace(".", "/")
        yield f"| {name} | {len(mine) - by['nobody']} | {len(mine)} | {by['proof']} | {by['test'] + by['deadline']} | {same} |"


def _page(outcomes: list[Outcome]) -> Iterator[str]:
    yield from _table(outcomes)


def main() -> int:
    """Return 0 where the share of noticed mutants reaches ``--least``, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--least", type=float, default=0.0, help="percent that must be noticed")
    parser.add_argument("--only", default="", help="only modules whose name contains this")
    parser.add_argument("--survivors", action="store_true", help="name what nobody noticed")
    parser.add_argument("--page", type=Path, help="write the figures there")
    asked = parser.parse_args()
    os.chdir(ROOT)
    run = Run(asked.only)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
        without = [part for name in PLUGINS for part in ("-p", f"no:{name}")]
        ended = pytest.main(["-q", "-s", *without, *TESTS], plugins=[run])
    if ended != pytest.ExitCode.OK or not run.outcomes:
        print(f"mutate.py: no figures: pytest ended with {ended!r}", file=sys.stderr)
        return 2
    return _report(run.outcomes, asked)


if __name__ == "__main__":
    sys.exit(main())
