"""What a text may do to whoever reads it: nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.report.text import MOST, clean, cut, cut_left, fold, line, to_ascii, width

printable = st.text().map(line)


@given(st.text())
def test_nothing_that_is_not_printable_is_left(text: str) -> None:
    assert clean(text).replace("\n", "").replace("\t", "").isprintable() or not clean(text)
    assert line(text).isprintable()


@given(st.text())
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert line(line(text)) == line(text)


@pytest.mark.parametrize("most", [80, MOST])
@pytest.mark.parametrize("sign", ["a", "\x1b", "日"])
def test_a_megabyte_is_bounded_and_its_size_told(sign: str, most: int) -> None:
    found = clean(sign * 1_000_000, most)
    assert len(found) < 10 * most
    assert found.endswith("… (1000000 characters)")
    assert clean(found, 10 * most) == found


def test_a_text_that_only_claims_to_be_cut_is_cut() -> None:
    assert len(clean("x" * 1_000_000 + "(1 characters)")) < 2 * MOST


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eexe", "\\u202eexe"),
        ("\ud800", "\\ud800"),
        ("a\xa0b", "a b"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\\rb"),
        ("\u2028", "\\u2028"),
        ("日本 ❤", "日本 ❤"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(printable, st.integers(1, 60), st.sampled_from(["…", "..."]))
def test_a_cut_text_fits(text: str, columns: int, ellipsis: str) -> None:
    assert width(cut(text, columns, ellipsis)) <= columns
    assert width(cut_left(text, columns, ellipsis)) <= columns
    if width(text) <= columns:
        assert cut(text, columns) == cut_left(text, columns) == text


@given(printable, st.integers(4, 60), st.integers(1, 4))
def test_a_folded_text_fits_and_loses_nothing_but_its_end(text: str, columns: int, most: int) -> None:
    found = list(fold(text, columns, most))
    assert 1 <= len(found) <= most
    assert all(width(part) <= columns for part in found)
    whole = "".join(text.split())
    joined = "".join("".join(found).split())
    assert whole == joined or (joined.endswith("…") and whole.startswith(joined[:-1]))


@given(printable)
def test_no_terminal_needs_more_columns(text: str) -> None:
    wcwidth = pytest.importorskip("wcwidth")
    assert wcwidth.wcswidth(text) <= width(text)


@given(st.text())
def test_ascii_is_ascii(text: str) -> None:
    assert to_ascii(line(text)).isascii()


def test_our_own_signs_have_words_in_ascii() -> None:
    assert to_ascii("a → b · 1 ≤ 2 ≥ 3 \xd7 4…") == "a -> b | 1 <= 2 >= 3 x 4..."
