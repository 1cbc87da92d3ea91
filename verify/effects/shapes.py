"""What is secret by its place, registered or not: credentials in headers, URLs and DSNs."""

import re

_HIDDEN = "***"
_WHOLE = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key", "x-auth-token"})
_COOKIES = frozenset({"cookie", "set-cookie"})
_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase", "client_secret", "secret_key"})
#: attributes of a cookie that say how well it is protected, which is what is judged
_ATTRIBUTES = frozenset(
    {"path", "domain", "expires", "max-age", "secure", "httponly", "samesite", "partitioned"}
)

_HEADER = re.compile(
    r"""(?ix) (?<![\w-])
    (?P<name> proxy-authorization | authorization | x-api-key | api-key | x-auth-token | set-cookie | cookie )
    (?: (?P<gap> \s{0,3} [:=] [ \t]{0,3} | \\{0,3}["'] \s{0,3} [:=,] \s{0,3} b? )
        (?: (?P<quote> ["'] ) (?P<quoted> (?: \\. | (?!(?P=quote)) [^\\\r\n] )* )
          | (?P<escaped> \\{1,3}["'] ) (?P<inner> (?: (?!(?P=escaped)) [^\r\n] )* )
          | (?P<bare> \*{3} (?= ["'\\\r\n] | \Z ) | [^\r\n]+? (?= \\r\\n | \\n | [\r\n] | \Z ) )
        )
    )"""
)
_USERINFO = re.compile(r"""://[^\s/?#"'<>]{1,1000}@""")
_PASSWORD = re.compile(
    r"""(?ix)
    (?P<name> password | passwd | pwd | passphrase | client_secret | access_token | api_?key | secret_?key )
    (?P<gap> \s{0,3} = \s{0,3} | \\{0,3}["'] \s{0,3} : \s{0,3} )
    (?: (?P<quote> \\{0,3}["'] ) (?P<quoted> (?: (?!(?P=quote)) [^\r\n] )* )
      | (?P<bare> [^\s&;,"'<>()\[\]{}\\]+ )
    )"""
)


def is_secret_name(name: str) -> bool:
    """Say whether what stands under ``name``, a header or a key, is secret by nature."""
    return name.lower() in _WHOLE | _COOKIES | _PASSWORDS


def header_value(name: str, value: str) -> str:
    """Return the value of a secret header with its secret hidden; cookies keep names and attributes."""
    return _cookie(value) if name.lower() in _COOKIES else _HIDDEN


def shapes(text: str) -> str:
    """Return ``text`` with every credential hidden that can be told by its place."""
    if "://" in text:
        text = _USERINFO.sub(f"://{_HIDDEN}@", text)
    return _PASSWORD.sub(_hide, _HEADER.sub(_hide, text))


def _hide(match: re.Match[str]) -> str:
    found = match.groupdict()
    opening = found["quote"] or found.get("escaped") or ""
    value = next(found[key] for key in ("quoted", "inner", "bare") if found.get(key) is not None)
    if value.startswith(_HIDDEN) and not value.strip("*\"'}]), \\"):
        return match[0]
    return f"{found['name']}{found['gap']}{opening}{header_value(found['name'], value) if value else ''}"


def _cookie(value: str) -> str:
    return ";".join(map(_pair, value.split(";")))


def _pair(pair: str) -> str:
    name, equals, rest = pair.partition("=")
    if name.strip().lower() in _ATTRIBUTES:
        return pair
    if rest[:4] in {f"{_HIDDEN}{mark}" for mark in "\"'\\"}:
        return pair  # hidden before, and what follows is not the cookie's
    return f"{name}={_HIDDEN}" if equals else f" {_HIDDEN}" if pair.startswith(" ") else _HIDDEN
