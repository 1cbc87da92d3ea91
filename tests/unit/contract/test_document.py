"""What a file that can be read means, and where everything stands."""

import codecs

import pytest

from verify.contract.document import Document, parse, read
from verify.contract.errors import ContractError
from verify.contract.words import kind_of
from verify.model.place import Place

WORDS = {
    "on": "on",
    "yes": "yes",
    "12:30": "12:30",
    "010": "010",
    "-07": "-07",
    "0x1f": "0x1f",
    "0o17": "0o17",
    "1_000": "1_000",
    "2027-01-31": "2027-01-31",
    "1.2.3": "1.2.3",
    "-x": "-x",
    ".": ".",
    "+x": "+x",
    "nan": "nan",
    "10": 10,
    "-3": -3,
    "+4": 4,
    "0": 0,
    "999999999999999999": 999999999999999999,
    "1.5": 1.5,
    "-.5": -0.5,
    "1e3": 1000.0,
    "010.5": 10.5,
    "true": True,
    "FALSE": False,
    "tRue": "tRue",
    "null": None,
    "~": None,
    "": None,
    "'10'": "10",
    '"\\u2028"': "\u2028",
    "|-\n  a\n  \tb": "a\n\tb",
}


@pytest.mark.parametrize(("word", "value"), WORDS.items())
@pytest.mark.parametrize("pure", [False, True])
def test_words_are_read_as_yaml_1_2_does(word: str, value: object, *, pure: bool) -> None:
    document, problems = read(f"a: {word}\n".encode(), "f", pure=pure)
    assert problems == []
    assert document is not None
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


@pytest.fixture
def document() -> Document:
    text = """\
base: &base
  - one
  - {two: 2, é: 3}
again: *base
nested:
  deep:
    er: x
"""
    return parse(codecs.BOM_UTF8 + text.encode(), "f.yaml")


def test_aliases_repeat_the_value(document: Document) -> None:
    assert document.value["again"] == document.value["base"] == ["one", {"two": 2, "é": 3}]


@pytest.mark.parametrize(
    ("path", "key", "line", "column"),
    [
        ((), False, 1, 1),
        ((), True, 1, 1),
        (("base",), True, 1, 1),
        (("base",), False, 1, 7),
        (("base", 0), False, 2, 5),
        (("base", 0), True, 2, 5),
        (("base", 1, "two"), True, 3, 6),
        (("base", 1, "two"), False, 3, 11),
        (("base", 1, "é"), False, 3, 17),
        (("again",), False, 4, 8),
        (("again", 1, "two"), False, 3, 11),
        (("nested", "deep", "er"), False, 7, 9),
        # nearest known ancestors
        (("base", 7), False, 1, 1),
        (("base", 1, "three"), True, 3, 5),
        (("nested", "deep", "x", "y"), False, 6, 3),
        (("unknown", "x"), True, 1, 1),
    ],
)
def test_places(document: Document, path: tuple[str | int, ...], key: bool, line: int, column: int) -> None:  # noqa: FBT001  # a case of the table
    assert document.place(path, key=key) == Place("f.yaml", line, column)


def test_parse_raises_what_read_returns() -> None:
    with pytest.raises(ContractError, match="stands twice"):
        parse(b"a: 1\na: 2\n", "f")
    with pytest.raises(ContractError, match="not YAML"):
        parse(b"a: [", "f")


def test_both_parsers_agree_on_a_contract_in_anchors(document: Document) -> None:
    pure, problems = read(b"a: &x {b: [1, 2]}\nc: *x\n", "f", pure=True)
    assert problems == []
    assert pure is not None
    assert pure.value == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert pure.root.size == 9
    assert document.root.height == 4


def test_kinds_are_named_without_their_value() -> None:
    values: tuple[object, ...] = (None, True, False, 3, 1.5, "x", {}, [], object())
    assert [kind_of(value) for value in values] == [
        "nothing", "true", "false", "a whole number", "a decimal number", "text", "a mapping", "a list",
        "something else",
    ]  # fmt: skip
