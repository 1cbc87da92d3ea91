"""Quantities as a contract states them: ``500ms``, ``0.1%``, ``1000/s``, ``5GiB``.

Each type is a number in its base unit, so that comparing and dividing need no
conversion; ``parse`` reads what ``str`` writes, to six significant digits. What was
stated is written as it was stated; a duration that was measured is written as people
say it, and ``beside`` a bound never so that it seems to keep it.
"""

import difflib
import itertools
import math
import re
from decimal import Decimal
from typing import ClassVar, Self

from verify.model.spans import spellings

_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*((?:[^\d\s.].*)?)", re.ASCII)
#: one number with its unit; several of them in a row
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.ASCII)
_PIECES = re.compile(rf"\s*\+?(?:\d+\s*[a-z]+\s*)+{_PIECE.pattern}\s*", re.ASCII)
_LONGEST = 64
#: seconds of a hundred years: whoever waits or reckons dates has no room for more
LONGEST = 36_525 * 86_400.0
#: below one by less than six digits show
_NEARLY = 1 - 1e-9
#: less than this share of the smallest unit is written as zero
_LEAST = 1e-9


class UnitError(ValueError):
    """A text that is not a quantity of the expected kind; the message says what is."""


class Quantity(float):
    """A non-negative number with a unit; the value is in the base unit of the class."""

    __slots__ = ()

    #: what is measured, for messages
    what: ClassVar[str]
    #: unit -> its size in base units, ascending; the first is used for zero
    units: ClassVar[dict[str, float]]
    example: ClassVar[str]
    #: words that people write -> the unit they mean, to offer it
    words: ClassVar[dict[str, str]] = {}
    #: a unit is written from this share of it
    least: ClassVar[float] = 1.0
    #: which numbers are taken, for editors
    number: ClassVar[str] = "[0-9]+([.][0-9]+)?"

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read ``text`` such as ``"500ms"``; raise ``UnitError`` naming the nearest unit."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise UnitError(
                cls._expected(text if isinstance(text, int | float) else _kind(text), cls._advice())
            )
        match = _NUMBER.fullmatch(text.strip()) if len(text) <= _LONGEST else None
        if match is None:
            raise UnitError(cls._expected(_cut(text)))
        number, unit = match[1], match[2].rstrip()
        if unit not in cls.units:
            raise UnitError(cls._unknown_unit(text, unit))
        value = float(number) * cls.units[unit]
        if value < 0:
            message = f"expected {cls.what} of zero or more, got {text!r}"
            raise UnitError(message)
        return cls(abs(value))

    @classmethod
    def _expected(cls, got: object, advice: str = "") -> str:
        return f"expected {cls.what} such as {cls.example}, got {got}" + (f": {advice}" if advice else "")

    @classmethod
    def _advice(cls) -> str:
        return "write the unit, one of " + ", ".join(cls.units)

    @classmethod
    def _unknown_unit(cls, text: str, unit: str) -> str:
        if not unit:
            return cls._expected(repr(text), cls._advice())
        lowered = [known for known in cls.units if known.lower() == unit.lower()]
        near = [
            cls.words[word] for word in (unit.lower(), unit.lower().removesuffix("s")) if word in cls.words
        ]
        near = near or lowered or difflib.get_close_matches(unit, cls.units, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else cls._advice()
        return f"unknown unit {unit!r} in {text!r} for {cls.what}: {hint}"

    def __str__(self) -> str:
        """Write at most six digits, in the largest unit that is exact, else the largest that fits."""
        smallest = next(iter(self.units.values()))
        if self < smallest * _LEAST:
            return f"0{next(iter(self.units))}"
        # rounded first: 999.9999ms are 1s
        value = smallest * float(f"{float(self) / smallest:.6g}")
        fitting = [unit for unit, size in self.units.items() if value >= size * self.least * _NEARLY]
        fitting = fitting[::-1] or [next(iter(self.units))]
        written = [(_digits(value / self.units[unit]), unit) for unit in fitting]
        for digits, unit in written:
            if math.isclose(float(digits) * self.units[unit], self, rel_tol=1e-12):
                return digits + unit
        return "".join(written[0])

    def __repr__(self) -> str:
        """Name the type and the written form."""
        return f"{type(self).__name__}({str(self)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, object]:
        """Tell pydantic to read with ``parse`` and write with ``str``; a schema is a plain dict."""
        return {
            "type": "function-plain",
            "function": {"type": "no-info", "function": cls.parse},
            "serialization": {"type": "function-plain", "function": str},
        }

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, object]:
        """Describe the written form for editors."""
        units = "|".join(re.escape(unit) for unit in cls.units)
        pattern = rf"^\s*[+]?{cls.number}\s*({units})\s*$"
        return {"type": "string", "pattern": pattern, "examples": [cls.example]}


def _digits(number: float) -> str:
    """Write six significant digits, never with an exponent."""
    digits = f"{number:.6g}"
    return format(Decimal(digits), "f") if "e" in digits else digits


def _side(value: float, bound: float) -> int:
    return (value > bound) - (value < bound)


def _joined(text: str) -> bool:
    return len(text) <= _LONGEST and _PIECES.fullmatch(text) is not None


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def _cut(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


class Duration(Quantity):
    """A span of time in seconds; one that was read is written as it was stated: ``90s``, ``1h30m``."""

    __slots__ = ("text",)
    #: what was stated, empty for a span that was computed
    text: str

    def __new__(cls, value: float, text: str = "") -> Self:
        """Return ``value`` seconds."""
        made = super().__new__(cls, value)
        made.text = text
        return made

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read as every quantity, and several units in a row, large ones first: ``1h30m``."""
        if isinstance(text, cls):
            return text
        pieces = _PIECE.findall(text) if isinstance(text, str) and _joined(text) else ()
        sizes = [cls.units.get(unit, 0.0) for _, unit in pieces]
        if pieces and all(sizes) and all(a > b for a, b in itertools.pairwise(sizes)):
            value = sum(float(number) * size for (number, _), size in zip(pieces, sizes, strict=True))
            stated = "".join(number + unit for number, unit in pieces)
        else:
            value = super().parse(text)
            # a text, as all else was refused
            stated = "".join(str(text).split()).lstrip("+-")
        if value > LONGEST:
            raise UnitError(cls._expected(_cut(str(text)), "a hundred years (36525d) are the most"))
        return cls(value, stated)

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]  # a copy knows the words too
        """Return what a copy is made from."""
        return float(self), self.text

    def __str__(self) -> str:
        """Write what was stated, else what people would say."""
        return self.text or next(spellings(self))

    def beside(self, bound: object) -> str:
        """Write it exactly enough to see on which side of ``bound`` it lies, as that is written."""
        if not isinstance(bound, Duration):
            return str(self)
        side, shown = _side(self, bound), Duration._said(str(bound))
        written = str(self)
        for exact in spellings(self):
            if _side(Duration._said(written), shown) == side:
                break
            written = exact
        return written

    @classmethod
    def _said(cls, written: str) -> Self:
        """Read what was written, however long it is."""
        pieces = _PIECE.findall(written)
        return cls(sum(float(number) * cls.units[unit] for number, unit in pieces))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, object]:
        """Describe the written form for editors."""
        described = super().__get_pydantic_json_schema__(schema, handler)
        pattern = str(described["pattern"]).removeprefix(r"^\s*[+]?")
        before = "".join(rf"([0-9]+{unit}\s*)?" for unit in ("w", "d", "h", "m", "s"))
        return {**described, "pattern": rf"^\s*[+]?{before}{pattern}"}

    what = "a duration"
    units: ClassVar[dict[str, float]] = {
        "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0,
    }  # fmt: skip
    example = "500ms"
    words: ClassVar[dict[str, str]] = {
        "msec": "ms", "millisecond": "ms", "sec": "s", "second": "s", "min": "m", "minute": "m",
        "hr": "h", "hour": "h", "day": "d", "week": "w",
    }  # fmt: skip


class Ratio(Quantity):
    """A share, 1.0 being the whole."""

    __slots__ = ()
    what = "a ratio"
    units: ClassVar[dict[str, float]] = {"ppm": 1e-6, "%": 1e-2}
    example = "0.1%"
    least = 0.001  # 0.1%, not 1000ppm


class Rate(Quantity):
    """Events a second; one that was read is written as it was stated, because its window means something.

    A quota of ``300/h`` and one of ``5/m`` are the same number and not the same promise.
    """

    __slots__ = ("count", "unit")
    #: what was stated, such as ``"300"`` and ``"/h"``; empty for a rate that was computed
    count: str
    unit: str

    def __new__(cls, value: float, count: str = "", unit: str = "") -> Self:
        """Return ``value`` events a second."""
        made = super().__new__(cls, value)
        made.count, made.unit = count, unit
        return made

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read as every quantity, and keep how it was stated; a limit of nothing would read as none."""
        read = super().parse(text)
        if not read:
            raise UnitError(f"expected {cls.what} above zero such as {cls.example}, got {str(text)!r}")
        match = _NUMBER.fullmatch(text.strip()) if isinstance(text, str) else None
        return read if match is None else cls(read, match[1].lstrip("+-"), match[2].rstrip())

    def __getnewargs__(self) -> tuple[float, str, str]:  # type: ignore[override]  # a copy knows the words too
        """Return what a copy is made from."""
        return float(self), self.count, self.unit

    def __str__(self) -> str:
        """Write what was stated, else as every quantity."""
        return self.count + self.unit or super().__str__()

    what = "a rate"
    number = "(?=[0-9.]*[1-9])[0-9]+([.][0-9]+)?"
    units: ClassVar[dict[str, float]] = {"/d": 1 / 86400, "/h": 1 / 3600, "/m": 1 / 60, "/s": 1.0}
    example = "10/s"
    words: ClassVar[dict[str, str]] = {
        "rps": "/s", "r/s": "/s", "req/s": "/s", "/sec": "/s", "/second": "/s", "/min": "/m", "/minute": "/m",
        "/hour": "/h", "/day": "/d",
    }  # fmt: skip


class Size(Quantity):
    """An amount of data in bytes."""

    __slots__ = ()
    what = "a size"
    units: ClassVar[dict[str, float]] = {
        "B": 1.0, "kB": 1e3, "KiB": 1024.0, "MB": 1e6, "MiB": 1024.0**2,
        "GB": 1e9, "GiB": 1024.0**3, "TB": 1e12, "TiB": 1024.0**4,
    }  # fmt: skip
    example = "5GiB"


def seconds(value: float) -> Duration:
    """Return ``value`` seconds as a ``Duration``."""
    return Duration(value)
