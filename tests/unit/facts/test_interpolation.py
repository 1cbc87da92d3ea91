import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.facts.interpolation import BLANK, Unresolved, interpolate

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
PLAIN = st.text(st.characters(exclude_characters="$}\0", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("$$HOME", "$HOME"),
        ("${V:-always}", "always"),
        ("${V-always}", "always"),
        ("${V:-}", ""),
        ("a${V:-b}c${W-d}", "abcd"),
        ("${A:-${B:-${C-deep}}}", "deep"),
        ("${A:-x${B:-y}z}", "xyz"),
        ("${V:-a-b?c+d:e}", "a-b?c+d:e"),
        ("$$${V:-x}", "$x"),
    ],
)
def test_what_the_file_tells(text: str, value: str) -> None:
    assert interpolate(text) == value


@pytest.mark.parametrize(
    ("text", "known", "words"),
    [
        ("$V", BLANK, "the variable V has no default"),
        ("${V}", BLANK, "the variable V has no default"),
        ("${V?must be there}", BLANK, "variable V"),
        ("${V:?must be there}", BLANK, "variable V"),
        ("${V:+instead}", BLANK, "variable V"),
        ("${V+instead}", BLANK, "variable V"),
        ("on-failure:${N}", f"on-failure:{BLANK}", "variable N"),
        ("${A:-${B}}/${C}", f"{BLANK}/{BLANK}", "the variables B, C have no default"),
        ("$(date)", BLANK, "wants it written `$$`"),
        ("100$", BLANK, "wants it written `$$`"),
        ("${1}", BLANK, "wants a `$` written `$$`"),
        ("${V/a/b}", BLANK, "nothing that Compose reads"),
        ("${V:-a", BLANK, "is not closed"),
        ("${A:-" * 40 + "x" + "}" * 40, BLANK, "levels deep"),
    ],
)
def test_what_it_does_not_tell(text: str, known: str, words: str) -> None:
    value = interpolate(text)
    assert isinstance(value, Unresolved)
    assert value.text == known
    assert words in value.reason
    assert BLANK not in str(value)


@given(st.text())
def test_any_text_with_its_dollars_doubled_means_itself(text: str) -> None:
    assert interpolate(text.replace("$", "$$")) == text


@given(st.text(st.sampled_from("$${}:-?+aB_1 ")))
def test_no_text_is_too_wild(text: str) -> None:
    value = interpolate(text)
    assert isinstance(value, str | Unresolved)
    if isinstance(value, str):
        assert BLANK not in value


@given(PLAIN, NAMES, st.sampled_from([":-", "-"]), PLAIN, PLAIN)
def test_a_default_stands_for_its_variable(
    before: str, name: str, operator: str, default: str, after: str
) -> None:
    assert interpolate(f"{before}${{{name}{operator}{default}}}{after}") == before + default + after


@given(PLAIN, NAMES, st.sampled_from(["", "?x", ":?x", "+x", ":+x"]), PLAIN)
def test_a_variable_without_default_leaves_a_blank_and_its_name(
    before: str, name: str, rest: str, after: str
) -> None:
    value = interpolate(f"{before}${{{name}{rest}}}{after}")
    assert isinstance(value, Unresolved)
    assert value.text == before + BLANK + after
    assert f"variable {name} " in value.reason
