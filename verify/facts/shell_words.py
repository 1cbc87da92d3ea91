"""The words of a shell script: quotes, substitutions, here-documents, operators, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_OPERATORS = ("&&", "||", ";;", "|&", ";", "|", "&", "\n", "(", ")")
_REDIRECT = re.compile(r"(?:\d*)(<<<|<<-?|<>|>>|>\||>&|<&|&>>|&>|>|<)")
_BLANK = " \t\r"
_ENDS = frozenset(" \t\r\n;|&()<>")
_CLOSED = {"(": ")", "{": "}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, an operator, a redirection with its target, or the text inside a substitution."""

    kind: Literal["word", "operator", "redirect", "inner"]
    text: str
    line: int
    column: int
    operator: str = ""


def tokens(text: str, line: int, column: int) -> Iterator[Token]:
    """Yield the tokens of ``text``; raise ``EOFError((line, column), what)`` where something does not end."""
    yield from _Scanner(text, line, column).scan()


class _Scanner:
    def __init__(self, text: str, line: int, column: int) -> None:
        self.text = text
        self.at = 0
        self._first = (line, column)
        self._inner: list[Token] = []
        self._documents: list[tuple[str, bool]] = []

    def scan(self) -> Iterator[Token]:
        text = self.text
        while self.at < len(text):
            if text[self.at] in _BLANK:
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif text[self.at] == "#":
                self.at = self._line_end()
            elif (found := _REDIRECT.match(text, self.at)) and not text.startswith(("<(", ">("), self.at):
                yield from self._redirect(found)
            elif operator := next((each for each in _OPERATORS if text.startswith(each, self.at)), ""):
                yield self._token("operator", operator, self.at)
                self.at += len(operator)
                if operator == "\n":
                    self._skip_documents()
            else:
                begun = self.at
                yield self._token("word", self._word(), begun)
                yield from self._substituted()

    def _redirect(self, found: re.Match[str]) -> Iterator[Token]:
        begun, operator = self.at, found[1]
        self.at = found.end()
        while self.text[self.at : self.at + 1] in {" ", "\t"}:
            self.at += 1
        target = self._word()
        if operator in {"<<", "<<-"}:
            self._documents.append((target, operator == "<<-"))
        yield Token(
            kind="redirect",
            text=target,
            operator=operator,
            line=self._place(begun)[0],
            column=self._place(begun)[1],
        )
        yield from self._substituted()

    def _substituted(self) -> Iterator[Token]:
        yield from self._inner
        self._inner.clear()

    def _word(self) -> str:
        """Read one word; return it without its quotes, its substitutions as they are written."""
        text, made = self.text, list[str]()
        while self.at < len(text) and text[self.at] not in _ENDS:
            character = text[self.at]
            if character == "\\":
                made.append(
                    "" if text[self.at + 1 : self.at + 2] == "\n" else text[self.at + 1 : self.at + 2]
                )
                self.at += 2
            elif character == "'":
                end = self._find("'", self.at + 1, "a quote")
                made.append(text[self.at + 1 : end])
                self.at = end + 1
            elif character == '"':
                made.append(self._quoted())
            elif character in "$`":
                made.append(self._dollar())
            else:
                made.append(character)
                self.at += 1
        if text.startswith(("<(", ">("), self.at) and not made:
            self.at += 1
            made.append(self._bracketed(self.at, "a substitution"))
        return "".join(made)

    def _quoted(self) -> str:
        begun, made = self.at, list[str]()
        self.at += 1
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == '"':
                self.at += 1
                return "".join(made)
            if character == "\\":
                made.append(self.text[self.at + 1 : self.at + 2])
                self.at += 2
            elif character in "$`":
                made.append(self._dollar())
            else:
                made.append(character)
                self.at += 1
        raise self._endless(begun, "a quote")

    def _dollar(self) -> str:
        """Read what begins with ``$`` or a backquote, and note what is run inside of it."""
        begun = self.at
        if self.text[begun] == "`":
            end = self._find("`", begun + 1, "a substitution")
            self._inner.append(self._token("inner", self.text[begun + 1 : end], begun + 1))
            self.at = end + 1
        elif self.text.startswith("$((", begun):
            self.at += 1
            self._bracketed(begun, "an expression", run=False)
        elif self.text.startswith(("$(", "${"), begun):
            self.at += 1
            self._bracketed(begun, "a substitution", run=self.text[begun + 1] == "(")
        elif self.text.startswith("$'", begun):
            self.at = self._find("'", begun + 2, "a quote") + 1
        else:
            self.at += 1
        return self.text[begun : self.at]

    def _bracketed(self, begun: int, what: str, *, run: bool = True) -> str:
        """Read from an opening bracket to the one that closes it."""
        opening = self.text[self.at]
        depth, start, kept = 0, self.at, len(self._inner)
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "\\":
                self.at += 2
                continue
            if character == "'" and opening == "(":
                self.at = self._find("'", self.at + 1, "a quote") + 1
                continue
            if character == '"':
                self._quoted()
                continue
            if character in "$`" and self.text[self.at + 1 : self.at + 2] in {"(", "{"}:
                self._dollar()
                continue
            depth += (character == opening) - (character == _CLOSED[opening])
            self.at += 1
            if not depth:
                if run:  # what is run inside is found again when the whole of it is read
                    del self._inner[kept:]
                    self._inner.append(self._token("inner", self.text[start + 1 : self.at - 1], start + 1))
                return self.text[begun : self.at]
        raise self._endless(begun, what)

    def _find(self, character: str, start: int, what: str) -> int:
        end = self.text.find(character, start)
        if end < 0:
            raise self._endless(start - 1, what)
        return end

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def _skip_documents(self) -> None:
        for ending, tabs in self._documents:
            while self.at < len(self.text):
                line = self.text[self.at : self._line_end()]
                self.at = min(self._line_end() + 1, len(self.text))
                if (line.lstrip("\t") if tabs else line) == ending:
                    break
        self._documents.clear()

    def _place(self, at: int) -> tuple[int, int]:
        line = self.text.count("\n", 0, at)
        column = at - (self.text.rfind("\n", 0, at) + 1)
        return self._first[0] + line, column + (1 if line else self._first[1])

    def _token(self, kind: Literal["word", "operator", "inner"], text: str, at: int) -> Token:
        line, column = self._place(at)
        return Token(kind=kind, text=text, line=line, column=column)

    def _endless(self, at: int, what: str) -> EOFError:
        return EOFError(self._place(at), what)
