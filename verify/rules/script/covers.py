"""The script of a backup copies each of what it is stated to be a backup of.

A document says that uploads and configuration are backed up too; the script that runs each night
dumps the database, and that is all. Nobody misses the rest before the server is gone.

Fix: let the script copy, pack or send what is named: `aws s3 sync`, `tar`, `restic backup`, `rsync`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.dumps import MAKES
from verify.facts.shell import Command, ShellScript
from verify.rules import Finding, Place, Seen, Some, Stated, Unknown, given, rule

#: these take what follows; of the others the last word is where it goes
PACKING = {"7z", "borg", "duplicity", "restic", "tar", "zip"}
COPYING = {"aws", "az", "cp", "gcloud", "gsutil", "install", "mc", "rclone", "rsync", "s3cmd", "scp"}


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The script, below the contract's folder; and parts of the names of what it has to take."""

    script: str
    what: Some[str]


STATED = Params(script="a.sh", what=("media", "nginx.conf"))
HOLDS = [
    given(STATED, {"a.sh": "aws s3 sync /srv/media s3://b/m\ntar -czf c.tgz /etc/nginx/nginx.conf\n"}),
    given(STATED, {"a.sh": 'd=/media\nrsync -a "$d" b:m\nrestic backup /etc/nginx.conf\n', "b.sh": ""}),
]
FAILS = [
    given(STATED, {"a.sh": "set -e\npg_dump a >b  # finding\n", "b.sh": "tar c media nginx.conf\n"}),
    given(STATED, {"a.sh": "tar -cf a /etc/nginx.conf  # finding\naws s3 cp a s3://b/media/a\n"}),
    given(STATED, {"a.sh": "echo media; echo nginx.conf # finding\n"}),
]


def taken(script: ShellScript, command: Command) -> tuple[str, ...]:
    """Return what a command takes, with the script's own variables filled in."""
    words = command.words[1:] if command.name in PACKING else command.words[1:-1]
    return tuple(script.expanded(word) for word in words if command.name in PACKING | COPYING)


def first(script: ShellScript) -> Place:
    """Return where the script begins to back up, else where it begins."""
    every = script.commands
    made = [each for each in every if each.name in MAKES | PACKING | COPYING] or every
    return script.place(made[0]) if made else Place(script.path, 1, 1)


@rule(severity="error")
def check(scripts: tuple[ShellScript, ...], stated: Params) -> Iterator[Finding | Seen | Unknown]:
    """Look for each among all that the script takes."""
    for script in [each for each in scripts if each.path == stated.script]:
        words = [word for command in script.commands for word in taken(script, command)]
        yield Seen(len(words), what=f"{script.path}: words of commands that copy or pack")
        place = first(script)
        for name in stated.what:
            if not any(name in word for word in words):
                yield Finding(place, f"{name} is not backed up", "copied, packed or sent", "nothing takes it")
        return
    yield Unknown(f"{stated.script} is not among the contract's `files:`")
