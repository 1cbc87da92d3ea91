"""The sections of the contract by the names of their models, and how pages call them."""

import re
from collections.abc import Iterator, Mapping

from verify.contract.part import Part
from verify.contract.spec import Contract


def _derived(base: type[Part]) -> Iterator[type[Part]]:
    for part in base.__subclasses__():
        yield part
        yield from _derived(part)


#: each model of a contract
SECTIONS: Mapping[str, type[Part]] = {
    Contract.__name__: Contract,
    **{part.__name__: part for part in _derived(Part)},
}


def title(name: str) -> str:
    """Return the heading of a model's section."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Spec")).capitalize()


def link(name: str, page: str = "") -> str:
    """Return a model's name in words, with a link to its section on ``page``."""
    words = title(name).lower()
    return f"[{words}]({page}#{words.replace(' ', '-')})"
