"""A script ends with the first command that fails.

Without `set -e` a script goes on after a dump that failed, uploads what there is, deletes what is old
and ends with the status of its last `echo`. Whoever started it, cron or a person, is told that all is
well.

Fix: `set -euo pipefail` as the first command; where a command may fail, say so: `command || true`.
"""

from collections.abc import Iterator

from verify.facts.shell import Command, ShellScript
from verify.rules import Finding, Seen, rule

#: of the shell itself, or nothing that anything depends on
LIGHT = {
    *(
        "",
        ".",
        ":",
        "[",
        "[[",
        "alias",
        "cd",
        "echo",
        "exit",
        "export",
        "for",
        "case",
        "local",
        "printf",
        "read",
    ),
    *("readonly", "return", "set", "shift", "source", "test", "trap", "true", "umask", "unset", "shopt"),
    *("}", ")", "done", "esac", "fi", "date", "dirname", "basename", "mktemp"),
}
HOLDS = [
    '#!/bin/bash\nset -euo pipefail\npg_dump "$URL" >a\n',
    '#!/bin/sh -e\npg_dump "$URL" >a\n',
    'pg_dump "$URL" >a || exit 1\nif ! gzip a; then exit 1; fi\n',
]
FAILS = [
    '#!/bin/bash\nname=$(date +%F)\npg_dump "$URL" >a  # finding\ngzip a\n',
    'set -u\npg_dump "$URL" >a  # finding\nset -e\ngzip a\n',
    'set -e\nset +e\n"/usr/bin/pg_dump" "$URL" >a  # finding\n',
]


@rule(severity="error", refs=["POSIX.1-2024: set -e"])
def check(script: ShellScript) -> Iterator[Finding | Seen]:
    """Look for the first command that may fail unseen."""
    yield Seen(len(script.commands), what=f"{script.path}: commands")
    for pipeline in script.pipelines:
        heavy: list[Command] = [each for each in pipeline.commands if each.name not in LIGHT]
        if heavy and not pipeline.errexit and not pipeline.asked:
            place = script.place(heavy[0])
            yield Finding(place, f"the script goes on when {heavy[0].name} fails", "set -e", "not set")
            return
