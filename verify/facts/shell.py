"""Shell scripts: their pipelines in order, as far as rules judge them; nothing is expanded or run."""

import re
from dataclasses import dataclass, field
from typing import ClassVar, Self

from verify.facts.files import FileFact, ParseError
from verify.facts.shell_words import Token, tokens
from verify.model.place import Place

#: words of the grammar that stand before a command
_BEFORE = frozenset({"!", "do", "elif", "else", "if", "then", "time", "until", "while", "{"})
#: after these an error is asked for, and does not end the script
_ASKED = frozenset({"!", "elif", "if", "until", "while"})
_JOINS = frozenset({"|", "|&", "||", "&&"})
_ASSIGNS = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=(.*)", re.DOTALL)
_DECLARES = frozenset({"declare", "export", "local", "readonly", "typeset"})
_NAMED = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)[^}]*\}|([A-Za-z_][A-Za-z0-9_]*))")
_DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command: its words as they are written, quotes taken off; where it begins.

    ``redirects`` are operator and target. What closes a compound (``done``, ``}``, ``)``) is a word too.
    """

    words: tuple[str, ...]
    line: int
    column: int
    redirects: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Return the program's name without its folder, "" where only variables are set."""
        return self.words[0].rpartition("/")[2] if self.words else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Commands joined by ``|``; whether ``set -e`` and ``pipefail`` are on when it runs.

    ``asked`` says that its status is looked at: by ``if``, ``!``, ``||``, ``&&``.
    """

    commands: tuple[Command, ...]
    errexit: bool = False
    pipefail: bool = False
    asked: bool = False


@dataclass(frozen=True, kw_only=True)
class ShellScript(FileFact):
    """A script for sh or bash; those inside ``$(…)`` follow the pipeline that they are in."""

    patterns: ClassVar[tuple[str, ...]] = ("*.sh", "*.bash")

    path: str
    pipelines: tuple[Pipeline, ...]
    assigned: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def parse(cls, path: str, text: str) -> Self:
        """Return the script; raise ``ParseError`` where a quote or a substitution does not end."""
        reader = _Reader(path)
        first = text.partition("\n")[0]
        if first.startswith("#!"):
            reader.options(first.split()[1:])
        reader.read(text, 1, 1)
        return cls(path=path, pipelines=tuple(reader.pipelines), assigned=tuple(reader.assigned))

    def place(self, command: Command) -> Place:
        """Return where ``command`` begins."""
        return Place(self.path, command.line, command.column)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Return every command in order."""
        return tuple(command for pipeline in self.pipelines for command in pipeline.commands)

    def expanded(self, word: str) -> str:
        """Return ``word`` with the variables that the script itself sets, each as it was set last."""
        values = dict(self.assigned)
        for _ in range(_DEEPEST):
            wider = _NAMED.sub(lambda found: values.get(found[1] or found[2], found[0]), word)
            if wider == word:
                break
            word = wider
        return word


@dataclass(slots=True)
class _Level:
    """What has been read of the present pipeline, in the script or in one substitution."""

    words: list[Token] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    inner: list[Token] = field(default_factory=list)
    depth: int = 0
    asked: bool = False
    chained: bool = False


class _Reader:
    """Puts tokens together; keeps which options are set."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.pipelines: list[Pipeline] = []
        self.assigned: list[tuple[str, str]] = []
        self._errexit = self._pipefail = False

    def read(self, text: str, line: int, column: int) -> None:
        """Read ``text``, whose first character is at ``line`` and ``column``."""
        level = _Level()
        last = ""
        try:
            for token in tokens(text, line, column):
                if token.kind in {"word", "redirect"}:
                    level.words.append(token)
                elif token.kind == "inner":
                    level.inner.append(token)
                elif token.text != "\n" or last not in _JOINS:  # else the next line goes on
                    self._operator(level, token, last)
                if token.text != "\n":
                    last = token.text if token.kind == "operator" else ""
            self._end(level, "\n")
        except EOFError as error:
            at, what = error.args
            raise ParseError(Place(self.path, *at), f"{what} does not end") from None

    def _operator(self, level: "_Level", token: Token, last: str) -> None:
        if token.text != ")":
            level.depth += token.text == "("
            self._end(level, token.text)
        elif not level.depth:  # of a pattern after `case`
            level.words.clear()
            level.commands.clear()
        else:
            level.depth -= 1
            if last != "(":  # else of a function's name
                self._end(level, ")")
                level.words.append(token)

    def _end(self, level: "_Level", operator: str) -> None:
        """End a command, and its pipeline unless ``operator`` joins another one."""
        words = level.words
        level.asked = level.asked or bool(words and words[0].text in _ASKED)
        found = self._command(words)
        words.clear()
        if found is not None:
            level.commands.append(found)
        if operator in {"|", "|&"}:
            return
        if level.commands:
            self.pipelines.append(
                Pipeline(
                    commands=tuple(level.commands),
                    errexit=self._errexit,
                    pipefail=self._pipefail,
                    asked=level.asked or level.chained or operator in {"||", "&&"},
                )
            )
        level.chained, level.asked = operator == "||", False
        level.commands.clear()
        inner, level.inner = level.inner, []
        for token in inner:
            self.read(token.text, token.line, token.column)

    def options(self, words: list[str]) -> None:
        """Take note of the arguments of ``set``, or of the interpreter's own."""
        for number, word in enumerate(words):
            if word == "--":
                return
            on = word.startswith("-")
            if not on and not word.startswith("+"):
                continue
            if "e" in word[1:]:
                self._errexit = on
            if "o" in word[1:] and number + 1 < len(words):
                self._errexit = on if words[number + 1] == "errexit" else self._errexit
                self._pipefail = on if words[number + 1] == "pipefail" else self._pipefail

    def _command(self, found: list[Token]) -> Command | None:
        while found and found[0].text in _BEFORE and len(found) > 1:
            found = found[1:]
        if not found or found[0].text in _BEFORE:
            return None
        words: list[str] = []
        redirects: list[tuple[str, str]] = []
        for token in found:
            if token.kind == "redirect":
                redirects.append((token.operator, token.text))
                continue
            match = _ASSIGNS.fullmatch(token.text)
            if match is not None and (not words or words[0] in _DECLARES):
                self.assigned.append((match[1], match[2]))
                continue
            words.append(token.text)
        if not words and not redirects:
            return None
        if words[:1] == ["set"]:
            self.options(words[1:])
        return Command(
            words=tuple(words), line=found[0].line, column=found[0].column, redirects=tuple(redirects)
        )
