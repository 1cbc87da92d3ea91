"""What deletes old backups names backups, and files.

`find "$BACKUP_DIR" -mtime +30 -delete` deletes whatever is old below that folder, and the folder
itself once it is empty: a README, a restore script, everything, where the variable is empty or wrong.
And `-mtime +30` means 31 whole days.

Fix: `find "$BACKUP_DIR" -maxdepth 1 -type f -name 'app-*.sql.gz' -mtime +29 -delete`; better, keep the
newest whatever its age (see `backup/prune`).
"""

from collections.abc import Iterator
from itertools import pairwise

from verify.facts.shell import Command, ShellScript
from verify.rules import Finding, Nothing, Seen, rule

NAMED = {"-name", "-iname", "-path", "-wholename", "-ipath", "-regex", "-iregex"}
EXECUTED = {"-exec", "-execdir", "-ok"}
HOLDS = [
    "find \"$DIR\" -maxdepth 1 -type f -name 'app-*.gz' -mtime +29 -delete\n",
    "find . -type f -name '*.gz' -mtime +7 -exec rm -f {} +\nfind . -mtime +7 -print\n",
]
FAILS = [
    "find $BACKUP_DIR -mtime +30 -delete  # finding\n",
    "find . -name '*.gz' -mtime +30 -delete  # finding\n",
    "find . -type f -mtime +7 -exec rm {} ';'  # finding\n",
    "find . -mtime +7 -print0 | xargs -0 rm -rf  # finding\n",
]


def deletes(command: Command, following: tuple[Command, ...]) -> bool:
    """Tell whether what ``find`` finds is deleted: by itself, or by what it is piped into."""
    words = command.words
    by_rm = any(word in EXECUTED and after == "rm" for word, after in pairwise(words))
    piped = any(each.name == "xargs" and "rm" in each.words for each in following)
    return "-delete" in words or by_rm or piped


@rule(severity="error", refs=["find(1): -mtime, -delete"])
def check(script: ShellScript) -> Iterator[Finding | Nothing | Seen]:
    """Look at each ``find`` that deletes."""
    found = [
        command
        for pipeline in script.pipelines
        for number, command in enumerate(pipeline.commands)
        if command.name == "find" and deletes(command, pipeline.commands[number + 1 :])
    ]
    if not found:
        yield Nothing(f"{script.path}: no `find` deletes anything")
        return
    yield Seen(len(found), what=f"{script.path}: deletions by find")
    for command in found:
        lacks = [] if "-type" in command.words else ["-type f"]
        lacks += [] if NAMED.intersection(command.words) else ["-name"]
        if lacks:
            seen = "nothing of that: the folder itself too" if len(lacks) > 1 else " ".join(command.words)
            yield Finding(script.place(command), "deletes whatever is old", " and ".join(lacks), seen)
