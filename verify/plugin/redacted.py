"""Takes secrets out of what pytest itself is about to show or hand on."""

import re
import warnings
from typing import Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ExceptionRepr, TerminalRepr
from _pytest._io import TerminalWriter

from verify.effects.redact import Redactor
from verify.model.text import OMITTED

_SKIPPED = re.compile(r"Skipping \d+ identical (leading|trailing) characters in diff")
_DIFF = re.compile(r"^(E? *[-+] )(.*)$", re.MULTILINE)


def name(item: pytest.Item, redactor: Redactor, given: set[str]) -> None:
    """Clean the name of an item, which holds its test's parameters; ``given`` are the names made so far."""
    found = redactor.text(item.nodeid)
    if found == item.nodeid:
        return
    head, bracket = (found[:-1], "]") if found.endswith("]") else (found, "")
    count, number, clean = 1, "", found
    while clean in given:  # two that differ in their secrets alone
        count += 1
        number = f"-{count}"
        clean = f"{head}{number}{bracket}"
    given.add(clean)
    item.name = redactor.text(item.name).removesuffix(bracket) + number + bracket
    # pytest offers no way to rename what was collected; its own kind of id is newer than 9.0
    kind: Any = type(getattr(item, "_id", ""))
    attribute, made = ("_nodeid", clean) if kind is str else ("_id", kind.parse(clean))
    setattr(item, attribute, made)


def report(one: pytest.TestReport | pytest.CollectReport, redactor: Redactor) -> None:
    """Clean a report in place: its sections, its failure or reason, its properties."""
    one.sections = [(name, redactor.text(text)) for name, text in one.sections]
    if isinstance(one, pytest.TestReport):
        one.user_properties = [(name, redactor.value(value)) for name, value in one.user_properties]
        reason = getattr(one, "wasxfail", None)
        if isinstance(reason, str):
            one.wasxfail = redactor.text(reason)
    if isinstance(one.longrepr, tuple):
        path, line, why = one.longrepr
        one.longrepr = (path, line, redactor.text(why))
    elif one.longrepr is not None:
        shown = _marked(str(one.longrepr))
        clean = redactor.text(shown)
        if clean != shown:
            one.longrepr = clean


def _marked(text: str) -> str:
    """Mark what pytest leaves out of a diff, as it does elsewhere: by that half a secret is known."""
    skipped = list(_SKIPPED.finditer(text))
    if not skipped:
        return text
    sides = {found[1] for found in skipped}
    lines = rf"\1{OMITTED if 'leading' in sides else ''}\2{OMITTED if 'trailing' in sides else ''}"
    at = skipped[0].end()
    return text[:at] + _DIFF.sub(lines, text[at:])


class _Plain(TerminalRepr):
    """A traceback as text, in the place of one with structure."""

    def __init__(self, text: str) -> None:
        self.text = text

    def toterminal(self, tw: TerminalWriter) -> None:
        tw.line(self.text)


def traceback(shown: ExceptionRepr, redactor: Redactor) -> None:
    """Clean in place what pytest shows of an internal error or of an interrupt."""
    text = str(shown)
    clean = redactor.text(text)
    if shown.reprcrash is not None:
        shown.reprcrash.message = redactor.text(shown.reprcrash.message)
    if clean == text:
        return
    plain: Any = _Plain(clean)
    shown.reprtraceback = plain
    shown.sections = []
    if isinstance(shown, ExceptionChainRepr):
        shown.chain = [(plain, shown.reprcrash, None)]


def warning(recorded: warnings.WarningMessage, redactor: Redactor) -> None:
    """Clean a warning in place."""
    text = str(recorded.message)
    clean = redactor.text(text)
    if clean != text:
        recorded.message = UserWarning(clean)
