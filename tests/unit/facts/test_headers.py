"""Header values and cookies, as browsers read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.facts.headers import cookies, directives, same_value, seconds_of
from verify.facts.http import Exchange


@pytest.mark.parametrize(
    ("name", "stated", "seen", "same"),
    [
        ("X-Frame-Options", "DENY", "deny", True),
        ("X-XSS-Protection", "1; mode=block", "1;mode=block", True),
        ("Strict-Transport-Security", "max-age=1; preload", "Max-Age = 1 ;preload;", True),
        ("Content-Security-Policy", "default-src 'self'", "default-src  'self';", True),
        ("Content-Security-Policy", "default-src 'self'", "default-src 'SELF'", False),
        ("X-Release", "a", "A", False),
        ("X-Frame-Options", "DENY", "SAMEORIGIN", False),
    ],
)
def test_values_are_compared_as_their_standards_say(name: str, stated: str, seen: str, *, same: bool) -> None:
    assert same_value(name, stated, seen) is same


def test_of_repeated_directives_the_first_counts() -> None:
    assert directives('max-age="3"; Preload; max-age=9;;') == {"max-age": "3", "preload": ""}


@pytest.mark.parametrize("wrong", [None, "", "-1", "1.5", "٣", "9" * 40])
def test_a_lifetime_is_a_whole_number(wrong: str | None) -> None:
    assert seconds_of(wrong) is None
    assert seconds_of("31536000") == 31_536_000


def of(*lines: str) -> Exchange:
    return Exchange(status=200, headers=tuple(("set-cookie", line) for line in lines))


def test_each_line_is_a_cookie() -> None:
    first, second = cookies(
        of("a=1=2; Path=/; secure; HttpOnly; SameSite=Strict", "b=;  max-age=0", "broken")
    )
    assert (first.name, set(first.attributes)) == ("a", {"path", "secure", "httponly", "samesite"})
    assert first.same_site == "strict"
    assert not first.deleted
    assert second.deleted
    assert second.same_site == ""


def test_a_flag_in_the_value_is_no_flag() -> None:
    (cookie,) = cookies(of("sessionid=Secure"))
    assert cookie.attributes == {}


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ("__Host-s=1; Secure; Path=/", ""),
        ("__host-s=1; Secure; Path=/; Domain=example.com", "no Domain"),
        ("__Host-s=1; Secure; Path=/a", "Path=/"),
        ("__Host-s=1; Path=/", "Secure"),
        ("__Secure-s=1", "Secure"),
        ("s=1", ""),
    ],
)
def test_a_prefix_is_a_promise(line: str, lacks: str) -> None:
    (cookie,) = cookies(of(line))
    assert cookie.misnamed() == lacks


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=255)), max_size=4))
def test_any_line_can_be_read(lines: list[str]) -> None:
    assert all(cookie.name and "=" not in cookie.name for cookie in cookies(of(*lines)))
