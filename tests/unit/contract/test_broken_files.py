# ruff: noqa: E501  # each message stands on one line, as it is told
"""Files that are no contract at all: each is told at its place, and nothing else is raised."""

import codecs
import time

import pytest

from verify.contract.document import read
from verify.contract.errors import ContractError
from verify.contract.load import load

HEAD = b"verify: 1\nsystem: x\n"
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(12)
)


def problems(data: bytes) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load(data, "verify.yaml")
    return [str(problem) for problem in caught.value.problems]


EMPTY = "verify.yaml: is empty: a contract begins with `verify: 1`"
WIDE = "verify.yaml:1:1: is not UTF-8 but looks like UTF-16 or UTF-32: save it as UTF-8"
BAD_CHARACTER = "remove it, or write it as an escape in double quotes"
QUOTE_COLON = "write a text that contains ': ' in quotes"
LOOK = "check indentation, brackets and quotes from here upwards"
DEEP = "nested more than 100 levels deep: flatten it"
WHOLE = [
    (b"", EMPTY),
    (b"# only a comment\n", EMPTY),
    (b"---\n...\n", EMPTY),
    (b"~\n", EMPTY),
    (codecs.BOM_UTF8, EMPTY),
    ("verify: 1\n".encode("utf-16"), WIDE),
    ("verify: 1\n".encode("utf-16-be"), WIDE),
    ("verify: 1\n".encode("utf-32"), WIDE),
    (b"verify: 1\nsystem: caf\xe9\n", "verify.yaml:2:12: byte 0xe9 is not UTF-8: save the file as UTF-8"),
    (
        "é\r\nß: ".encode() + b"\xff",
        "verify.yaml:2:4: byte 0xff is not UTF-8: save the file as UTF-8",
    ),
    (
        b"verify: 1\nsystem: a\0b\n",
        f"verify.yaml:2:10: the NUL character (U+0000) is not allowed: {BAD_CHARACTER}",
    ),
    (
        b"verify: 1\rsystem: \x1b[31m\n",
        f"verify.yaml:2:9: the character U+001B (a control character) is not allowed: {BAD_CHARACTER}",
    ),
    (
        "verify: 1\u2028x".encode(),
        f"verify.yaml:1:10: the character U+2028 LINE SEPARATOR is not allowed: {BAD_CHARACTER}",
    ),
    (
        b"%YAML 1.1\n---\nverify: 1\n",
        "verify.yaml:1:1: a line that begins with '%' is a YAML directive: remove it, or indent it if it is text",
    ),
    (b"environments:\n\tstaging: 1\n", "verify.yaml:2:1: a tab cannot indent: use spaces"),
    (b"environments:\n  a: 1\n  \tb: 2\n", "verify.yaml:3:3: a tab cannot indent: use spaces"),
    (
        b"verify: 1\nsystem: x\n---\nverify: 1\n",
        "verify.yaml:3:1: a second document begins here: a contract is one document",
    ),
    (
        b"system: a: b\n",
        f"verify.yaml:1:10: not YAML: mapping values are not allowed in this context: {QUOTE_COLON}",
    ),
    (
        b"system: @home\n",
        "verify.yaml:1:9: not YAML: found character that cannot start any token: write a text that begins with '@', '`' or '%' in quotes",
    ),
    (
        b'system: "\\q"\n',
        "verify.yaml:1:10: not YAML: found unknown escape character: use single quotes, or double the backslash",
    ),
    (
        b"system: [a,\n  b\nverify: 1\n",
        f"verify.yaml:3:7: not YAML: did not find expected ',' or ']' (while parsing a flow sequence that begins in line 1): {LOOK}",
    ),
    (
        b"- verify: 1\n",
        "verify.yaml:1:1: expected a mapping (`key: value`) at the top: begin with `verify: 1`",
    ),
    (b"verify\n", "verify.yaml:1:1: expected a mapping (`key: value`) at the top: begin with `verify: 1`"),
    (b"[" * 20_000, f"verify.yaml:1:101: {DEEP}"),
    (b"{a: " * 20_000, f"verify.yaml:1:401: {DEEP}"),
    (b"- " * 20_000, f"verify.yaml:1:201: {DEEP}"),
    (
        BOMB[:430],
        "verify.yaml:6:11: more than 200,000 values, counting what aliases repeat: write fewer or shorter aliases",
    ),
    (
        HEAD + b"x: [" + b"1," * 200_000 + b"]",
        "verify.yaml:3:399991: more than 200,000 values, counting what aliases repeat: write fewer or shorter aliases",
    ),
    (b"a" * (5 * 1024 * 1024 + 1), "verify.yaml: is 5,242,881 bytes long: a contract has at most 5 MiB"),
]


@pytest.mark.parametrize(("data", "told"), WHOLE, ids=range(len(WHOLE)))
def test_a_file_that_cannot_be_read_is_told_in_one_line(data: bytes, told: str) -> None:
    started = time.process_time()
    assert problems(data) == [told]
    assert time.process_time() - started < 5


def test_the_depth_that_aliases_build_is_bounded_too() -> None:
    levels = b"a0: &a0 [" + b"[" * 40 + b"]" * 40 + b"]\n"
    levels += b"a1: &a1 [" + b"[" * 40 + b"*a0" + b"]" * 40 + b"]\n"
    levels += b"a2: [" + b"[" * 40 + b"*a1" + b"]" * 40 + b"]\n"
    assert problems(levels) == [f"verify.yaml:3:46: {DEEP}"]


PARTS = [
    (
        b"system: y\n",
        "3:1: key 'system' stands twice, first in line 2: keep one of them",
    ),
    (b"document: !env x\n", "3:11: tags are not used here: quote a text that begins with '!'"),
    (b"claims: !!map {}\n", "3:9: tags are not used here: quote a text that begins with '!'"),
    (b"document: *there\n", "3:11: this alias has no anchor before it: quote a text that begins with '*'"),
    (b"files: &f [a, *f]\n", "3:15: this alias stands inside its own anchor: write the value out"),
    (b"files: &f [a]\n*f : b\n", "4:1: an alias cannot be a key: quote a text that begins with '*'"),
    (b"<<: {}\n", "3:1: merge keys `<<` are not used here: write the keys out"),
    (b"12: {}\n", "3:1: a key must be text: write it in quotes"),
    (b"1234567890123456789: {}\n", "3:1: a key must be text: write it in quotes"),
    (b"?\n: {}\n", "3:2: a key must be text: write a key before the ':'"),
    (b"? [a]\n: {}\n", "3:3: a key must be text, not a mapping or a list: write it in quotes if it is text"),
    (
        b"document: 1234567890123456789\n",
        "3:11: a whole number of 19 digits, at most 18 are allowed: write it in quotes if it is text",
    ),
    (b"document: 1e999\n", "3:11: a number that is not finite: write it in quotes if it is text"),
    (b"document: .nan\n", "3:11: a number that is not finite: write it in quotes if it is text"),
]


@pytest.mark.parametrize(("line", "told"), PARTS, ids=[told for _, told in PARTS])
@pytest.mark.parametrize("pure", [False, True])
def test_a_problem_in_a_part_is_told_once_and_reading_goes_on(line: bytes, told: str, *, pure: bool) -> None:
    data = HEAD + line + b"tests: [!late x]\n"
    last = len(data.splitlines())
    expected = [
        f"verify.yaml:{told}",
        f"verify.yaml:{last}:9: tags are not used here: quote a text that begins with '!'",
    ]
    assert [str(problem) for problem in read(data, "verify.yaml", pure=pure)[1]] == expected
    assert problems(data) == expected


def test_a_syntax_error_ends_with_what_was_found_until_then() -> None:
    told = problems(b"verify: 1\nverify: 1\nsystem: !x y\ndocument: [\n")
    assert told[0] == "verify.yaml:2:1: key 'verify' stands twice, first in line 1: keep one of them"
    assert told[1] == "verify.yaml:3:9: tags are not used here: quote a text that begins with '!'"
    assert told[2].startswith("verify.yaml:5:1: not YAML: did not find expected node content")
    assert len(told) == 3


@pytest.mark.parametrize("data", [b"a: [\n", b"a: b: c\n", b"a:\n\tb\n", b"a: 'x\n", b"a: !foo!hunter2 x\n"])
def test_without_the_c_parser_a_syntax_error_is_a_contract_error_too(data: bytes) -> None:
    document, told = read(data, "verify.yaml", pure=True)
    assert document is None
    assert len(told) == 1
    assert told[0].place.line >= 1
    assert "hunter2" not in str(told[0])


def test_very_many_problems_are_cut() -> None:
    told = problems(b"a: 1\n" * 5000)
    assert told[0] == "verify.yaml: 4799 more problems of the YAML are not listed"
    assert sum("stands twice" in one for one in told) == 200
    assert [one.partition(": expected one of")[0] for one in told[1:4]] == [
        "verify.yaml:1:1: key 'system' is missing: add it",
        "verify.yaml:1:1: key 'verify' is missing: add it",
        "verify.yaml:1:1: unknown key 'a'",
    ], "what can still be read is read"
    assert problems(b"verify: 1\nsystem: x\n" + b"tests: []\n" * 202)[0] == (
        "verify.yaml: 1 more problem of the YAML is not listed"
    )


def test_a_parser_without_positions_still_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    def refuse(*_: object, **__: object) -> object:
        raise yaml.YAMLError

    monkeypatch.setattr(yaml, "parse", refuse)
    assert problems(b"a: 1\n") == ["verify.yaml: is not YAML"]
