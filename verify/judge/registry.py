"""Finds rules by walking their package and imports one when it is asked for.

A rule's id is its path: ``verify/rules/redirect/https.py`` is ``redirect/https``.
Other packages add rules through the entry-point group ``verify.rules``, whose value
names a package of the same shape.
"""

import difflib
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from types import ModuleType

from verify.judge.rule import Rule, RuleError, read_rule

ENTRY_POINTS = "verify.rules"
BUILT_IN = "verify.rules"


class UnknownRuleError(LookupError):
    """A rule id that no package has; the message offers the nearest."""


class Registry:
    """Every rule by id; nothing is imported before it is asked for."""

    def __init__(self, packages: tuple[str, ...] | None = None) -> None:
        """Look in ``packages``; by default in our own and in those of entry points."""
        self._packages = packages
        self._loaded: dict[str, Rule] = {}
        self._suites: dict[str, str] = {}

    @cached_property
    def _modules(self) -> dict[str, str]:
        packages = self._packages
        if packages is None:
            others = importlib.metadata.entry_points(group=ENTRY_POINTS)
            packages = (BUILT_IN, *sorted(point.value for point in others))
        found: dict[str, str] = {}
        for package in packages:
            for rule_id, module in _walk(importlib.import_module(package)):
                if rule_id in found:
                    raise RuleError(f"rule {rule_id}: both {found[rule_id]} and {module} define it")
                found[rule_id] = module
        return dict(sorted(found.items()))

    @property
    def ids(self) -> tuple[str, ...]:
        """Return every rule's id, sorted."""
        return tuple(self._modules)

    def nearest(self, rule_id: str) -> str | None:
        """Return the id most like ``rule_id``, if any is."""
        return next(iter(difflib.get_close_matches(rule_id, self.ids, n=1, cutoff=0.5)), None)

    def get(self, rule_id: str) -> Rule:
        """Import and return one rule; raise ``UnknownRuleError`` or ``RuleError``."""
        if rule_id not in self._loaded:
            module = self._modules.get(rule_id)
            if module is None:
                near = self.nearest(rule_id)
                hint = f"did you mean {near!r}?" if near else "see `deploy-verify rules`"
                raise UnknownRuleError(f"unknown rule {rule_id!r}: {hint}")
            self._loaded[rule_id] = read_rule(rule_id, self.suite(rule_id), _load(rule_id, module))
        return self._loaded[rule_id]

    def suite(self, rule_id: str) -> str:
        """Return the suite that a rule's family states, without importing the rule."""
        family = self._modules[rule_id].rpartition(".")[0]
        if family not in self._suites:
            suite = getattr(importlib.import_module(family), "SUITE", None)
            if not isinstance(suite, str):
                raise RuleError(f'{family}/__init__.py: expected SUITE = "name of a suite"')
            self._suites[family] = suite
        return self._suites[family]

    def all(self) -> Iterator[Rule]:
        """Import and yield each rule, sorted by id."""
        return (self.get(rule_id) for rule_id in self.ids)


def _load(rule_id: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise RuleError(f"rule {rule_id} ({module}) cannot be imported: {reason}") from error


def _walk(package: ModuleType) -> Iterator[tuple[str, str]]:
    for family in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not family.ispkg:
            continue
        folder = importlib.import_module(family.name)
        for found in pkgutil.iter_modules(folder.__path__, f"{family.name}."):
            if not found.ispkg:
                yield _rule_id(found.name), found.name


def _rule_id(module: str) -> str:
    family, name = module.rsplit(".", 2)[1:]
    return f"{family}/{name}".replace("_", "-")
