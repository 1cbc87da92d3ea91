"""Text inside GitHub-flavoured Markdown that stays text: no markup, link, mention or HTML."""

import html
import re

from verify.report.text import line

_MARKUP = re.compile(r"([\\*_{}\[\]()#!~$])|^([-+=:]|\d+[.])")
#: what no backslash takes out of a table's row or of a code span
_STRONGER = {ord("|"): "&#124;", ord("`"): "&#96;"}
#: where a link, a mention or an issue number would begin
_LIVE = re.compile(r"(?i)(@|://|#(?=\d)|\bwww(?=\.)|\b(?:mailto|xmpp)(?=:)|\bGH(?=-\d))")
_BREAK = "\u200b"


def prose(text: str, most: int = 300) -> str:
    """Return ``text`` for running Markdown and for the cells of a table."""
    return html.escape(_MARKUP.sub(_escaped, _dead(text, most)), quote=False).translate(_STRONGER)


def _dead(text: str, most: int) -> str:
    return _LIVE.sub(lambda match: match[0].replace("://", f":{_BREAK}//") + _BREAK, line(text, most))


def _escaped(match: re.Match[str]) -> str:
    return f"{match[0][:-1]}\\{match[0][-1]}"


def code(text: str, most: int = 300, *, bar: str = "¦") -> str:
    """Return ``text`` as a code span, in which nothing is live; a plain bar would end a table's cell."""
    shown = line(text, most).replace("|", bar)
    if not shown:
        return ""
    ticks = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if "`" in shown else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def inside_html(text: str, most: int = 300) -> str:
    """Return ``text`` for an HTML element, where Markdown should not be read, and then is not."""
    dead = html.escape(_dead(text, most))
    return _MARKUP.sub(lambda match: f"{match[0][:-1]}&#{ord(match[0][-1])};", dead).translate(_STRONGER)
