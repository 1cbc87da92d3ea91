"""A pipeline fails when any part of it does.

The status of `pg_dump … | gzip` is that of gzip, which compresses nothing at all with success: a dump
that failed becomes a fresh, valid file of some twenty bytes, uploaded every night.

Fix: `set -o pipefail` before the first pipeline, beside `set -e`; sh has it since POSIX.1-2024, older
ones do not: write bash in the first line, or write to a file first.
"""

from collections.abc import Iterator

from verify.facts.shell import ShellScript
from verify.rules import Finding, Seen, rule

#: what does not fail while its standard output is there
SAFE = {"echo", "printf", "true", ":"}
HOLDS = [
    'set -euo pipefail\npg_dump "$URL" | gzip >a.gz\n',
    '#!/bin/bash\nset -o errexit -o pipefail\npg_dump "$URL" | gzip >a.gz\n',
    "echo a | tee b\ncase $1 in a|b) pg_dump --file=a ;; esac\n# pg_dump | gzip\n",
]
FAILS = [
    'pg_dump "$URL" | gzip >a.gz  # finding\n',
    'set -euo pipefail\nset +o pipefail\npg_dump "$URL" | gzip >a.gz  # finding\n',
    "set -e\nif pg_dump a |  # finding\n  gzip >a.gz; then x; fi\n",
    "set -e\nname=$(aws s3 ls s3://b | tail -n 1)  # finding\ncat a >b\n",
    "set -e\n(pg_dump a)| gzip >a.gz  # finding\nset -o pipefail\npg_dump a | gzip >b.gz\n",
]


@rule(severity="error", refs=["POSIX.1-2024: set -o pipefail", "ShellCheck SC2312"])
def check(script: ShellScript) -> Iterator[Finding | Seen]:
    """Look at each pipeline, and at what was set before it."""
    piped = [each for each in script.pipelines if len(each.commands) > 1]
    yield Seen(len(piped), what=f"{script.path}: pipelines")
    for pipeline in piped:
        unseen = [command for command in pipeline.commands[:-1] if command.name not in SAFE]
        if unseen and not pipeline.pipefail:
            first = unseen[0]
            name = first.name if first.name not in {")", "}", "done", "fi", "esac"} else "what is before |"
            yield Finding(
                script.place(first), f"{name} may fail and nobody sees it", "set -o pipefail", "not set"
            )
