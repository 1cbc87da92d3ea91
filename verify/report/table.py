"""The table at the end of a terminal session: the worst first, each line within the width."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from verify.model.rule import SEVERITIES
from verify.model.verdict import Outcome, Verdict
from verify.report.text import cut, cut_left, fold, line, to_ascii
from verify.report.text import width as columns_of
from verify.report.words import (
    LOOK,
    STALE,
    again,
    came_out,
    covered,
    decided,
    headed,
    judged,
    not_judged,
    notes,
    spent,
    told,
    word,
)
from verify.run.record import Row, Run

MOST_SAID = 3
_NARROWEST = 40
_OUTCOME = max(map(len, LOOK))
_SEVERITY = max(map(len, SEVERITIES))
#: symbol, the same in ASCII, colour
_MARKS = {
    Outcome.VIOLATED.value: ("✘", "X", "31"),
    Outcome.INCONCLUSIVE.value: ("?", "?", "33"),
    STALE: ("!", "!", "31"),
    Outcome.WAIVED.value: ("~", "~", "36"),
}


def lines(
    run: Run,
    *,
    width: int = 80,
    colour: bool = False,
    ascii: bool = False,  # noqa: A002 - the word for it
    most: int = 20,
) -> list[str]:
    """Return the table as lines of at most ``width`` columns, colours not counted.

    ``most`` bounds the rows; ``ascii`` is for outputs that cannot write UTF-8. Colour is
    left out where ``NO_COLOR`` is set. Only a command's single word that is longer than
    a line is not cut, since a cut command would be another one.
    """
    sheet = _Sheet(
        width=max(width, _NARROWEST), ascii=ascii, colour=colour and not os.environ.get("NO_COLOR")
    )
    return list(_lines(run, sheet, most))


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """What the output can show."""

    width: int
    ascii: bool
    colour: bool

    @property
    def ellipsis(self) -> str:
        return "..." if self.ascii else "…"

    def text(self, text: str) -> str:
        """Return ``text`` on one line, in the characters there are."""
        return to_ascii(line(text)) if self.ascii else line(text)

    def cut(self, text: str) -> str:
        return cut(self.text(text), self.width, self.ellipsis)

    def fold(self, text: str, indent: str, most: int) -> Iterator[str]:
        """Yield ``text`` below a row, further lines indented by two more."""
        room = self.width - len(indent) - 2
        for number, part in enumerate(fold(self.text(text), room, most, self.ellipsis)):
            yield indent + ("  " if number else "") + part

    def listed(self, name: str, parts: list[str]) -> Iterator[str]:
        """Yield short parts after ``name``, broken between them."""
        text = name
        for number, part in enumerate(map(self.text, parts)):
            separator = f" {self.text('·')} " if number else " "
            if columns_of(text) + columns_of(separator) + columns_of(part) > self.width:
                yield text
                text, separator = "", "  "
            text += separator + part
        yield text

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def _lines(run: Run, sheet: _Sheet, most: int) -> Iterator[str]:
    yield sheet.cut(headed(run))
    yield sheet.cut(spent(run))
    yield from sheet.listed("claims:", covered(run))
    yield from sheet.listed("verdicts:", came_out(run))
    shown = [(row, verdict) for row, verdict in judged(run) if word(verdict) in _MARKS]
    for row, verdict in shown[:most]:
        yield _row(row, verdict, sheet)
        yield from _said(verdict, sheet)
        for note in notes(row, verdict):
            yield from sheet.fold(note, "    ", 2)
        if verdict.outcome is not Outcome.WAIVED:
            yield from _command(again(run, row), sheet)
    if len(shown) > most:
        yield sheet.cut(f"and {len(shown) - most} more")
    for reason in not_judged(run):
        yield sheet.cut(reason)
    yield from sheet.fold(f"decision: {decided(run)}", "", 3)


def _row(row: Row, verdict: Verdict, sheet: _Sheet) -> str:
    """Symbol, outcome, severity, id, words, and where it is stated at the right."""
    symbol, plain, code = _MARKS[word(verdict)]
    came = f"{plain if sheet.ascii else symbol} {word(verdict)}"
    place = f"{row.place.file}:{row.place.line}" if row.place.line else row.place.file
    where = cut_left(sheet.text(place), sheet.width // 4, sheet.ellipsis)
    name = cut(sheet.text(row.claim), sheet.width // 4, sheet.ellipsis)
    head = " " * (_OUTCOME + 3 - columns_of(came)) + f"{verdict.severity:<{_SEVERITY}} {name} "
    room = sheet.width - columns_of(came + head + where) - 1
    says = cut(sheet.text(row.says), max(room, 0), sheet.ellipsis)
    gap = " " * max(room - columns_of(says) + 1, 1)
    return sheet.paint(came, code) + cut(
        head + says + gap + where, sheet.width - columns_of(came), sheet.ellipsis
    )


def _said(verdict: Verdict, sheet: _Sheet) -> Iterator[str]:
    said = [told(finding) for judgement in verdict.judgements for finding in judgement.findings]
    said += [unknown.reason for judgement in verdict.judgements for unknown in judgement.unknowns]
    said = list(dict.fromkeys(said))  # several checks may miss the same thing
    for text in said[:MOST_SAID]:
        yield from sheet.fold(f"- {text}", "    ", 3)
    if len(said) > MOST_SAID:
        yield f"    and {len(said) - MOST_SAID} more"


def _command(words: list[str], sheet: _Sheet) -> Iterator[str]:
    """Break between words, as a shell reads it, where one line is too short."""
    text, begun = "    again:", False
    for each in map(to_ascii, words) if sheet.ascii else words:
        if begun and columns_of(text) + columns_of(each) + len("  \\") > sheet.width:
            yield f"{text} \\"
            text = "     "
        text, begun = f"{text} {each}", True
    yield text
