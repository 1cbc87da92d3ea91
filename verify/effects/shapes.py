"""What is secret by its place, registered or not: credentials in headers, URLs and DSNs.

What only names a variable (``${DB_PASSWORD}``) is no secret; what stands in for it may be.
"""

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
_USERINFO = re.compile(
    r"""(?x) :// (?P<user> (?> \$\{ [^}"'\\\r\n]{0,200} \}++ | [^\s/?#"'<>] ){1,1000} ) @"""
)
_PASSWORD = re.compile(
    r"""(?ix)
    (?P<name> password | passwd | pwd | passphrase | client_secret | access_token | api_?key | secret_?key )
    (?P<gap> \s{0,3} = \s{0,3} | \\{0,3}["'] \s{0,3} : \s{0,3} )
    (?: (?P<quote> \\{0,3}["'] ) (?P<quoted> (?: (?!(?P=quote)) [^\r\n] )* )
      | (?P<bare> (?> \$\{ (?: [^}"'\\\r\n]{0,200} \}++ | [^\s"'\\]* ) | [^\s&;,"'<>()\[\]{}\\] )+ )
    )"""
)
#: the default of a variable whose name says what it holds
_DEFAULT = re.compile(
    r"""(?ix)
    (?P<opening>
        \$\{ \w{0,60}? (?: password | passwd | pwd | passphrase | secret | token | api_?key ) \w{0,60} :?[-+]
    ) (?! \*{3}\} ) [^${}"'\\\r\n] [^{}"'\\\r\n]{0,200} (?= \} )"""
)
#: inside ``${…}``: a name, and what takes its place or is said where it is not set
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:(?P<sign>:?[-+?])(?P<rest>.*))?", re.ASCII | re.DOTALL)
_LEVELS = 8


def is_secret_name(name: str) -> bool:
    """Say whether what stands under ``name``, a header or a key, is secret by nature."""
    return name.lower() in _WHOLE | _COOKIES | _PASSWORDS


def header_value(name: str, value: str) -> str:
    """Return the value of a secret header with its secret hidden.

    Cookies keep names and attributes, and names of variables are none: ``${TOKEN:-***}``.
    """
    return _cookie(value) if name.lower() in _COOKIES else _named(value, _LEVELS) or _HIDDEN


def shapes(text: str) -> str:
    """Return ``text`` with every credential hidden that can be told by its place."""
    if "://" in text:
        text = _USERINFO.sub(_credentials, text)
    if "${" in text:
        text = _DEFAULT.sub(rf"\g<opening>{_HIDDEN}", text)
    return _PASSWORD.sub(_hide, _HEADER.sub(_hide, text))


def _hide(match: re.Match[str]) -> str:
    found = match.groupdict()
    opening = found["quote"] or found.get("escaped") or ""
    value = next(found[key] for key in ("quoted", "inner", "bare") if found.get(key) is not None)
    if value.startswith(_HIDDEN) and not value.strip("*\"'}]), \\"):
        return match[0]
    return f"{found['name']}{found['gap']}{opening}{header_value(found['name'], value) if value else ''}"


def _credentials(match: re.Match[str]) -> str:
    """Hide user and password of a URL, but for what only names a variable."""
    whole = match["user"]
    end = _closing(whole, 0) + 1 if whole.startswith("${") else whole.find(":")
    user, colon, password = whole[:end], whole[end : end + 1], whole[end + 1 :]
    if colon != ":":
        return f"://{_named(whole, _LEVELS) or _HIDDEN}@"
    named = _named(password, _LEVELS)
    if named is None:
        return f"://{_HIDDEN}@"
    return f"://{(_named(user, _LEVELS) or _HIDDEN) if user else ''}:{named}@"


def _named(value: str, levels: int) -> str | None:
    """Return ``value``, its defaults hidden, where it is nothing but names of variables."""
    shown, at = "", 0
    while at < len(value):
        end = _closing(value, at)
        found = _VARIABLE.fullmatch(value, at + 2, end) if end and levels else None
        if found is None:
            return None
        sign, rest = found["sign"] or "", found["rest"] or ""
        if rest and "?" not in sign:  # after ? stands what is said where the variable is not set
            rest = _named(rest, levels - 1) or _HIDDEN
        shown += f"${{{found['name']}{sign}{rest}}}"
        at = end + 1
    return shown or None


def _closing(value: str, at: int) -> int:
    """Return where the ``${`` at ``at`` is closed, 0 where none is there or it stays open."""
    if not value.startswith("${", at):
        return 0
    depth = 0
    for index in range(at, len(value)):
        depth += value.startswith("${", index) - (value[index] == "}")
        if not depth and value[index] == "}":
            return index
    return 0


def _cookie(value: str) -> str:
    return ";".join(map(_pair, value.split(";")))


def _pair(pair: str) -> str:
    name, equals, rest = pair.partition("=")
    if name.strip().lower() in _ATTRIBUTES:
        return pair
    if rest[:4] in {f"{_HIDDEN}{mark}" for mark in "\"'\\"}:
        return pair  # hidden before, and what follows is not the cookie's
    return f"{name}={_HIDDEN}" if equals else f" {_HIDDEN}" if pair.startswith(" ") else _HIDDEN
