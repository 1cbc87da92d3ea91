"""Facts that are read from the team's own files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from verify.contract.document import Document, parse
from verify.contract.errors import ContractError
from verify.model.need import Need, Unseen
from verify.model.place import Place


class ParseError(ValueError):
    """A file that is not what its name says; ``place`` is the first thing wrong."""

    def __init__(self, place: Place, message: str) -> None:
        """Keep the position apart from the words."""
        super().__init__(f"{place}: {message}")
        self.place = place


class FileFact:
    """Base of parsed files: frozen, with positions, made by a pure ``parse``."""

    #: globs of the file names that hold this kind
    patterns: ClassVar[tuple[str, ...]]
    #: whether it is the contract itself, whatever it is called and whether ``files:`` match it
    contract: ClassVar[bool] = False
    #: globs of other names that a file of this kind may have been given; see ``resembles``
    alike: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def parse(cls, path: str, text: str) -> Self:
        """Return the file ``path`` with content ``text``; raise ``ParseError``."""
        raise NotImplementedError

    @classmethod
    def resembles(cls, _path: str, _text: str, /) -> bool:
        """Tell whether a file that has another name is of this kind all the same."""
        return False

    @classmethod
    def refers(cls, _path: str, _text: str, /) -> Iterator[str]:
        """Return the paths of other files, below the contract's folder, that this one takes parts from."""
        return iter(())

    @classmethod
    def together(cls, files: tuple[Self, ...]) -> tuple[tuple[Self, ...], tuple[Unseen, ...]]:
        """Return what the files say together, and what is missing; by default each for itself."""
        return files, ()


def with_parts(
    fact: type[FileFact], sources: Sequence[tuple[str, str]], read: Callable[[str], str | None]
) -> tuple[tuple[str, str], ...]:
    """Return ``sources`` and the files that they take parts from; ``read`` is None for the missing."""
    found = dict(sources)
    asked = set(found)
    waiting = list(found)
    while waiting:
        path = waiting.pop()
        for other in fact.refers(path, found[path]):
            if other in asked:
                continue
            asked.add(other)
            text = read(other)
            if text is not None:
                found[other] = text
                waiting.append(other)
    return tuple(found.items())


def yaml_of(path: str, text: str, *, lenient: bool = False) -> Document:
    """Return a YAML file as ``contract.document.parse`` does; raise ``ParseError`` for its first problem."""
    try:
        return parse(text.encode(), path, lenient=lenient)
    except ContractError as error:
        problem = error.problems[0]
        raise ParseError(problem.place, problem.message) from error


@dataclass(frozen=True, slots=True)
class FilesSeen:
    """Each file of one kind: those that could be read, and those that could not.

    ``sources`` are the texts by path that ``files`` were parsed from.
    """

    files: tuple[FileFact, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls, fact: type[FileFact], sources: tuple[tuple[str, str], ...], unseen: tuple[Unseen, ...] = ()
    ) -> Self:
        """Parse each source; one that cannot be parsed becomes unseen, never silent."""
        files: list[FileFact] = []
        hidden = list(unseen)
        for path, text in sources:
            try:
                files.append(fact.parse(path, text))
            except ParseError as error:
                hidden.append(Unseen(f"cannot be judged: {error}"))
        joined, missing = fact.together(tuple(files))
        return cls(files=joined, unseen=(*hidden, *missing), sources=sources)


@dataclass(frozen=True, slots=True)
class Files(Need):
    """Ask for each file of one kind; answered by ``FilesSeen``."""

    kind: ClassVar[str] = "files"
    answer: ClassVar[type] = FilesSeen
    live: ClassVar[bool] = False

    fact: type[FileFact]
