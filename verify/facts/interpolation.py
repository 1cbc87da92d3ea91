"""What Compose makes of ``$VARIABLES``, as far as the file itself tells: defaults, and what has none."""

import re
from dataclasses import dataclass

#: stands in a text for what only the environment knows; YAML cannot hold this character
BLANK = "\0"
_MOST_LEVELS = 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A value that the files alone do not tell, and why; ``text`` is what is known of it."""

    reason: str
    text: str = BLANK

    def __str__(self) -> str:
        """Write the value with an ellipsis for what is not known."""
        return self.text.replace(BLANK, "…")


class _TemplateError(ValueError):
    """A text that Compose refuses."""


def interpolate(text: str) -> str | Unresolved:
    """Return ``text`` with each variable at its default; ``Unresolved`` where one has none."""
    if "$" not in text:
        return text
    unknown: dict[str, None] = {}
    try:
        known = _substituted(text, unknown, 0)
    except _TemplateError as error:
        return Unresolved(str(error))
    if not unknown:
        return known
    one = len(unknown) == 1
    names = ", ".join(unknown)
    reason = (
        f"the {'variable' if one else 'variables'} {names} {'has' if one else 'have'} no default in the file"
    )
    return Unresolved(reason, known)


def _substituted(text: str, unknown: dict[str, None], level: int) -> str:
    if level > _MOST_LEVELS:
        raise _TemplateError(f"its variables are nested more than {_MOST_LEVELS} levels deep")
    parts: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        at = dollar + 1
        if text.startswith("$", at):
            parts.append("$")
            at += 1
        elif text.startswith("{", at):
            end = _closing(text, dollar)
            parts.append(_braced(text[at + 1 : end], unknown, level))
            at = end + 1
        elif found := _NAME.match(text, at):
            parts.append(_blank(found[0], unknown))
            at = found.end()
        else:
            raise _TemplateError("a `$` stands before no name of a variable: Compose wants it written `$$`")
    return "".join([*parts, text[at:]])


def _braced(inside: str, unknown: dict[str, None], level: int) -> str:
    name = _NAME.match(inside)
    if name is None:
        raise _TemplateError("`${` stands before no name of a variable: Compose wants a `$` written `$$`")
    rest = inside[name.end() :]
    operator = _OPERATOR.match(rest)
    if rest and operator is None:
        raise _TemplateError(f"what follows ${{{name[0]} is nothing that Compose reads")
    if operator is not None and operator[0].endswith("-"):
        return _substituted(rest[operator.end() :], unknown, level + 1)
    return _blank(name[0], unknown)


def _blank(name: str, unknown: dict[str, None]) -> str:
    unknown[name] = None
    return BLANK


def _closing(text: str, at: int) -> int:
    """Return where the brace closes that ``${`` at ``at`` opens; those of nested variables count."""
    opened = 0
    while at < len(text):
        if text.startswith("${", at):
            opened += 1
            at += 1
        elif text[at] == "}":
            opened -= 1
            if not opened:
                return at
        at += 1
    raise _TemplateError("a `${` is not closed")
