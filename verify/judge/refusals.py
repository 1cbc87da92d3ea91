"""Finds the answers that a limit or a proxy gave in place of the system: nobody can be blamed by them."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass

from verify.contract import EndpointSpec
from verify.facts.files import FilesSeen
from verify.facts.http import Exchange
from verify.judge.rule import Rule
from verify.model.finding import Unknown
from verify.model.rule import Stated


def refusals(rule: Rule, stated: Stated | None, facts: Iterable[object]) -> Iterator[Unknown]:
    """Yield each answer in ``facts`` that shows nothing, and is neither stated nor judged by the rule."""
    told = rule.about.telling | frozenset(_statuses(stated))
    for fact in facts:
        for answer in _exchanges(fact):
            if answer.shows_nothing and answer.status not in told:
                yield Unknown(answer.refusal)


def _exchanges(fact: object) -> Iterator[Exchange]:
    """Yield each exchange that a fact is or holds; files hold none, and are many."""
    if isinstance(fact, Exchange):
        yield fact
    elif isinstance(fact, tuple):
        for each in fact:
            yield from _exchanges(each)
    elif is_dataclass(fact) and not isinstance(fact, FilesSeen):
        for field in fields(fact):
            yield from _exchanges(getattr(fact, field.name))


def _statuses(stated: object) -> Iterator[int]:
    """Yield the statuses that a claim states: its own ``status``, and those of its endpoints."""
    for field in fields(stated) if is_dataclass(stated) else ():
        value = getattr(stated, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, EndpointSpec):
                yield from each.expect
            elif field.name == "status" and isinstance(each, int):
                yield each
