"""Bytes to text: UTF-8 only, no control characters, bounded."""

import codecs
import re
import unicodedata
from typing import NoReturn

from verify.contract.errors import ContractError, Problem
from verify.model.place import Place

LIMIT = 5 * 1024 * 1024

_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAMPLE = 64
# YAML's printable characters without the three that only YAML 1.1 takes for line breaks
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)


def read_text(data: bytes, name: str) -> str:
    """Return the text of a contract without its BOM; raise ``ContractError`` where it has none."""
    if len(data) > LIMIT:
        _fail(Place(name), f"is {len(data):,} bytes long", "a contract has at most 5 MiB")
    if data.startswith(_WIDE) or data[:_SAMPLE].count(0) * 4 > len(data[:_SAMPLE]):
        _fail(Place(name, 1, 1), "is not UTF-8 but looks like UTF-16 or UTF-32", "save it as UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        _fail(_place(name, before, len(before)), message, "save the file as UTF-8")
    found = _FORBIDDEN.search(text)
    if found:
        message = f"{_called(found[0])} is not allowed"
        _fail(
            _place(name, text, found.start()), message, "remove it, or write it as an escape in double quotes"
        )
    found = _DIRECTIVE.search(text)
    if found:
        message = "a line that begins with '%' is a YAML directive"
        _fail(_place(name, text, found.start()), message, "remove it, or indent it if it is text")
    return text


def _called(character: str) -> str:
    number = f"U+{ord(character):04X}"
    if not ord(character):
        return f"the NUL character ({number})"
    name = unicodedata.name(character, "")
    return f"the character {number}" + (f" {name}" if name else " (a control character)")


def _place(name: str, text: str, index: int) -> Place:
    before = text[:index]
    breaks = before.count("\n") + before.count("\r") - before.count("\r\n")
    start = max(before.rfind("\n"), before.rfind("\r")) + 1
    return Place(name, breaks + 1, index - start + 1)


def _fail(place: Place, message: str, hint: str) -> NoReturn:
    raise ContractError([Problem(place, message, hint)]) from None
