"""Changes the code of the smoke rules in small ways and counts which changes are noticed.

Usage: python -m scripts.mutate [--least PERCENT] [--only TEXT] [--survivors] [--texts] [--page FILE].
Every change (a mutant) is judged in a forked process with a deadline: first by the rule's own HOLDS and
FAILS, then, if they notice nothing, by the unit tests that import the changed module.

A script of our own, because the libraries for it start the whole test run once a mutant
and know nothing of proofs; here the tests are collected once and a mutant takes
milliseconds. What is changed and how stands in ``mutants.py``.
"""

import argparse
import ast
import importlib
import os
import resource
import signal
import sys
import tempfile
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml

from scripts.mutants import Mutant, mutants
from scripts.mutation_page import Outcome, commit, judged, page
from verify.judge.proof import prove
from verify.judge.registry import Registry
from verify.judge.rule import Rule, read_rule

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests/unit/rules", "tests/unit/facts")
EQUIVALENT = ROOT / "tests" / "repo" / "equivalent.yaml"
#: facts that no smoke rule's verdict rests on: conditions of faults, files
NOT_OURS = frozenset({"broken", "compose", "files"})
DEADLINE = 10  # CPU seconds a mutant; one that hangs is noticed by hanging
PATIENCE = 120  # seconds for one that sleeps
EXAMPLES = 20  # of each property
SURVIVED, BY_PROOF, BY_TEST = 0, 10, 11
PLUGINS = ("cacheprovider", "randomly", "xdist", "rerunfailures", "cov", "deploy-verify")


class Run:
    """Collects the tests once, and judges every mutant in a copy of this process."""

    def __init__(self, only: str, *, texts: bool) -> None:
        """Judge mutants of modules whose name contains ``only``; with ``texts`` of what people read too."""
        self.only = only
        self.texts = texts
        self.outcomes: list[Outcome] = []
        self._failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test failed."""
        self._failed = self._failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Stand in for running the tests once."""
        if session.testsfailed:
            raise pytest.UsageError("the tests could not be collected: run them first")
        from hypothesis import settings  # after pytest, which rewrites its assertions

        # what takes longest comes last, and the same mutants are noticed each time
        settings.register_profile(
            "mutants", database=None, derandomize=True, deadline=None, max_examples=EXAMPLES
        )
        settings.load_profile("mutants")
        self._judge_all(
            sorted(session.items, key=lambda item: hasattr(item, "obj") and hasattr(item.obj, "hypothesis"))
        )
        return True

    def _judge_all(self, items: list[pytest.Item]) -> None:
        registry = Registry(("verify.rules",))
        rules = [rule for rule in registry.all() if rule.suite == "smoke"]
        users = _users(rules)
        for module in [*(_module(rule) for rule in rules), *sorted(users)]:
            if self.only not in module:
                continue
            near = [item for item in items if _concerns(item, module)]
            concerned = users.get(module) or [rule for rule in rules if _module(rule) == module]
            source = Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8")
            # the unchanged module takes the same way as a mutant, and has to come out unnoticed
            same = Mutant(
                line=0, scope="", before="", after="", number=1, words=False, code=_compiled(source)
            )
            calm = self._in_a_fork(partial(self._judge, module, same, concerned, near))
            if calm != "nobody":
                raise pytest.UsageError(f"{module}: noticed without a change, by {calm}: mend that first")
            for mutant in mutants(ast.parse(source), whole=module in users):
                if mutant.words and not self.texts:
                    continue
                by = self._in_a_fork(partial(self._judge, module, mutant, concerned, near))
                self.outcomes.append(Outcome(module=module, mutant=mutant, by=by))
            print(f"{module}: {_counts(self.outcomes, module)}", file=sys.__stderr__, flush=True)

    def _in_a_fork(self, judge: Callable[[], int]) -> str:
        child = os.fork()
        if child == 0:
            # CPU seconds, so that a busy machine does not look like a mutant that hangs
            resource.setrlimit(resource.RLIMIT_CPU, (DEADLINE, DEADLINE))
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(PATIENCE)
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            status = BY_TEST
            try:
                status = judge()
            finally:
                os._exit(status)
        try:
            _, ended = os.waitpid(child, 0)
        except BaseException:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        if os.WIFSIGNALED(ended):
            if os.WTERMSIG(ended) == signal.SIGALRM:
                raise pytest.UsageError(
                    f"a mutant did not end in {PATIENCE} s: nobody can tell whether it is noticed"
                )
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


def _compiled(source: str) -> types.CodeType:
    return compile(source, "mutant", "exec")


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
        elif not isinstance(value, type | types.ModuleType | types.FunctionType) and not name.startswith(
            "__"
        ):
            for module in [m for n, m in sys.modules.items() if n.startswith("verify.")]:
                if name in vars(module) and vars(module)[name] is mine:
                    setattr(module, name, value)


def _transplant_class(old: type, new: type) -> None:
    for name in vars(new).keys() & vars(old).keys():
        mine, value = _function(vars(old)[name]), _function(vars(new)[name])
        if isinstance(value, types.FunctionType) and isinstance(mine, types.FunctionType):
            if name == "__init__":  # a dataclass's own: the defaults alone may differ
                mine.__kwdefaults__ = value.__kwdefaults__
            elif not name.startswith("__"):
                _replace(mine, value)
    for name, field in getattr(new, "__dataclass_fields__", {}).items():
        vars(old)["__dataclass_fields__"][name].default = field.default


def _function(value: object) -> object:
    """Return what a property or a class method wraps."""
    if isinstance(value, property):
        return value.fget
    return value.__func__ if isinstance(value, classmethod) else value


def _replace(old: types.FunctionType, new: types.FunctionType) -> None:
    if old.__module__ == new.__module__ and not old.__code__.co_freevars and not new.__code__.co_freevars:
        old.__code__, old.__defaults__, old.__kwdefaults__ = (
            new.__code__,
            new.__defaults__,
            new.__kwdefaults__,
        )


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
    # of a fact the tests that import it, and those that judge made-up facts by the rules that read it
    return item.path.name.startswith("test_edges") or f"from {module} import" in item.path.read_text(
        encoding="utf-8"
    )


def _counts(outcomes: list[Outcome], module: str) -> str:
    counted, survived = judged(one for one in outcomes if one.module == module)
    return f"{len(counted) - len(survived)} of {len(counted)}"


def _equivalent() -> dict[str, str]:
    """Return the mutants that change no verdict, each with the reason."""
    read = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else None
    return dict(read or {})


def _report(outcomes: list[Outcome], asked: argparse.Namespace, began: str) -> int:
    counted, survived = judged(outcomes)
    equivalent = _equivalent()
    share = 100 * (1 - len(survived) / len(counted)) if counted else 0.0
    if asked.survivors:
        for one in survived:
            print(f"{one.mutant.line:4} {one.name}" + (" (equivalent)" if one.name in equivalent else ""))
    print(f"noticed {len(counted) - len(survived)} of {len(counted)}: {share:.1f} %")
    if asked.page is not None:
        asked.page.write_text("\n".join(page(outcomes, equivalent, began)) + "\n", encoding="utf-8")
    gone = sorted(equivalent.keys() - {one.name for one in survived}) if not asked.only else []
    if gone:
        print("no survivors (any more), take them out of equivalent.yaml:", *gone, sep="\n  ")
    return 1 if share < asked.least or gone else 0


def main() -> int:
    """Return 0 where the share of noticed mutants reaches ``--least``, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--least", type=float, default=0.0, help="percent that must be noticed")
    parser.add_argument("--only", default="", help="only modules whose name contains this")
    parser.add_argument("--survivors", action="store_true", help="name what nobody noticed")
    parser.add_argument("--texts", action="store_true", help="change what only people read, too")
    parser.add_argument("--page", type=Path, help="write the figures there")
    asked = parser.parse_args()
    os.chdir(ROOT)
    began = commit()
    run = Run(asked.only, texts=asked.texts)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
        without = [part for name in PLUGINS for part in ("-p", f"no:{name}")]
        ended = pytest.main(["-q", "-s", *without, *TESTS], plugins=[run])
    if ended != pytest.ExitCode.OK or not run.outcomes:
        print(f"mutate.py: no figures: pytest ended with {ended!r}", file=sys.stderr)
        return 2
    return _report(run.outcomes, asked, began)


if __name__ == "__main__":
    sys.exit(main())
