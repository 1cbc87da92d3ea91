"""What error pages of frameworks in debug mode give away."""

import re
from collections.abc import Iterator, Mapping

from verify.facts.http import Exchange
from verify.model.text import abridged

#: what is given away -> how it reads in a page; bounded, because a page may be anything, and long
_PATTERNS = {
    "Django's debug page": r"DEBUG\s*=\s*True|Using the URLconf defined in|Django tried these URL patterns",
    "Django's settings": r"DJANGO_SETTINGS_MODULE|Using settings module",
    "a Python traceback": r"Traceback \(most recent call last\)|Traceback <span|copy-and-paste view",
    "Werkzeug's debugger": r"Werkzeug Debugger|__debugger__|EVALEX\s*=",
    "Starlette's debug page": r"<h1>500 Server Error</h1>(?:(?!<h1>)[\s\S]){0,4000}class=[\"']?frame-",
    "a Java stack trace": r"\bat [\w$.]+\([\w$]+\.java:\d+\)|Whitelabel Error Page",
    "a Node stack trace": r"\bat [^(\n]{1,120}\((?:/|file:|node:)[^)\s]{1,400}:\d{1,9}:\d{1,9}\)",
    "a Ruby stack trace": r"Action Controller: Exception caught|RAILS_ROOT|Rails\.root:|\.rb:\d+:in [`']",
    "a PHP stack trace": r"<b>(?:Fatal error|Warning|Parse error)</b>:|Stack trace:\s*#0|Symfony Exception",
    "an ASP.NET stack trace": r"Server Error in '/[^']*' Application|System\.Web\.HttpException",
    "a database error": r"psycopg2?\.(?:errors\.)?\w+Error|SQLSTATE\[|ORA-\d{5}|: syntax error",
}  # fmt: skip
MARKS = {what: re.compile(pattern) for what, pattern in _PATTERNS.items()}


def given_away(answer: Exchange, marks: Mapping[str, re.Pattern[str]] = MARKS) -> Iterator[tuple[str, str]]:
    """Yield what ``answer`` gives away, and the words that show it; raise ``PartError`` after them."""
    for what, found in answer.showing(marks):
        yield what, abridged(" ".join(found[0].split()))
