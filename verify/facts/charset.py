"""Reads the bytes of a body as the text that they are."""

import codecs
import re

#: what browsers know (WHATWG Encoding); Python knows more, which are no charsets or cost much
_KNOWN = re.compile(
    r"utf-?8|utf-?16(?:[lb]e|-le|-be)?|(?:us-)?ascii|(?:iso[-_]?8859[-_]|latin-?)\d{1,2}|windows-125\d|cp(?:125\d|866|932)"
    r"|koi8-[ru]|macintosh|tis-620|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|iso-2022-jp|shift[-_]jis|sjis|windows-31j",
    re.IGNORECASE | re.ASCII,
)
_NAMED = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_USUAL = "utf-8"


def charset_of(content_type: str, body: bytes) -> str:
    """Return the charset that a body is written in: its own mark says more than its type, as in browsers."""
    marked = next((charset for mark, charset in _MARKS if body.startswith(mark)), None)
    named = _NAMED.search(content_type)
    return marked or (named[1].lower() if named else _USUAL)


def decoded(body: bytes, charset: str) -> str | None:
    """Return ``body`` as text, wrong bytes replaced; None for a charset that is not known."""
    if _KNOWN.fullmatch(charset) is None and charset != "utf-8-sig":
        return None
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return None


def texts(body: bytes, charset: str) -> tuple[str, ...]:
    """Return each way to read ``body``: as it says, and as whoever does not believe it would."""
    return tuple(dict.fromkeys(filter(None, (decoded(body, charset), decoded(body, _USUAL)))))
