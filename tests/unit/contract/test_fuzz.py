"""Hostile input: whatever the bytes, a contract or a ContractError, and soon."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verify.contract.errors import ContractError
from verify.contract.load import load

VALID = (Path(__file__).parent / "valid.yaml").read_bytes()
SECTIONS = VALID.split(b"\n\n")
SPLICES = [
    b"\t",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"!!python/object:os.system x",
    b"!x",
    b"<<: *a",
    b"*a",
    b"&a ",
    b"---\n",
    b"...\n",
    b"%TAG ! x\n",
    b"[" * 200,
    b"{" * 200,
    b"- " * 150,
    b"? ",
    b": ",
    b"|\n",
    b">-\n",
    b"'",
    b'"',
    b'"\\ud800"',
    b'"\\0"',
    b"\xed\xa0\x80",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\r",
    b"1" * 30,
    b"1e999",
    b".nan",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"5 parsecs",
    b"$A",
    b"https://u:p@h",
    b"https://[",
    b"http://x:y",
    b"9" * 70 + b"s",
    b"{run_id}",
    b"{",
    b"}",
    b"#",
    b"@",
    b"`",
    b"2027-13-01",
    b"&a [*a]",
    b"\xc3\x28",
    b"\x1b[0m",
    b"environment: zzz, ",
    b"../" * 9,
    b"~",
]


def survive(data: bytes) -> None:
    told = None
    started = time.thread_time()
    try:
        load(data, "verify.yaml")
    except ContractError as error:
        told = error
    if told is not None:
        assert told.problems
        assert all(problem.place.file == "verify.yaml" and problem.message for problem in told.problems)
        assert str(told)
    assert time.thread_time() - started < 1, data


def mutate(chance: random.Random) -> bytes:
    """Return a part of the valid contract, damaged in one to four places."""
    data = bytearray(SECTIONS[0] + b"\n" + b"\n".join(chance.sample(SECTIONS[1:], k=chance.randint(0, 2))))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randint(1, 12)]
            case 2:
                lines = data.splitlines(keepends=True) or [bytearray()]
                line = chance.randrange(len(lines))
                data = bytearray(b"".join([*lines[: line + 1], *lines[line:]]))
            case 3 | 4:
                data[at:at] = chance.choice(SPLICES)
            case _:
                words = data.split(b": ")
                words[chance.randrange(len(words))] = bytearray(chance.choice(SPLICES))
                data = bytearray(b": ".join(words))
    return bytes(data)


def run(first: int, count: int) -> None:
    for seed in range(first, first + count):
        survive(mutate(random.Random(seed)))


def test_damaged_contracts() -> None:
    run(0, 15_000)


@pytest.mark.nightly
def test_many_damaged_contracts() -> None:
    run(1_000_000, 100_000)


QUICK = settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = st.sampled_from(
    [
        *("verify", "system", "environments", "endpoints", "accounts", "flows", "claims", "waivers", "steps"),
        *("url", "path", "reference", "json", "save", "with", "checks", "rule", "claim", "until", "expect"),
        *("bearer", "says", "x"),
    ]
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KEYS
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    survive(data)


@QUICK
@given(st.text(alphabet="ab:-?[]{}*&!|>'\"%@`#, \n\t\r\ufeff\u2028\U0001f600", max_size=120))
def test_any_text_of_yaml_signs(text: str) -> None:
    survive(text.encode())


@QUICK
@given(VALUES)
def test_any_plain_data(value: object) -> None:
    import yaml

    top = value if isinstance(value, dict) else {}
    survive(yaml.dump({"verify": 1, "system": "x", "claims": value, **top}).encode())
