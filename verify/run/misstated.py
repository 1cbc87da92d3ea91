"""What the contract names and the world has not: told with the line that names it."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from verify.contract.document import Document
from verify.contract.nodes import Node
from verify.model.place import Place
from verify.run.options import UsageError


class MisstatedError(UsageError):
    """Each of ``problems`` is a value as the contract writes it, and what is wrong with it."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """Keep the values beside the message."""
        super().__init__("\n".join(message for _, message in problems))
        self.problems = tuple(problems)

    def placed(self, document: Document) -> str:
        """Return the message, each problem with the first place of the document that writes its value."""
        return "\n".join(_placed(document, *problem) for problem in self.problems)


def _placed(document: Document, written: str, message: str) -> str:
    wanted = PurePosixPath(written)  # a path may be written in several ways
    waiting: list[Node] = [document.root]
    while waiting:
        node = waiting.pop()
        if isinstance(node.value, str) and PurePosixPath(node.value) == wanted:
            return f"{Place(document.name, *node.at)}: {message}"
        waiting += reversed(node.children.values())
    return message
