"""A script that migrates has backed up before, and stops where that failed.

What a migration drops is only in the backup that was made before it. A step of its own in a pipeline
is lost with the next change of the pipeline; and a backup that failed protects nothing if the
migration goes on.

Fix: `set -e`, then the backup, then the migration, in one script; or `backup.sh && manage.py migrate`.
"""

from collections.abc import Iterator

from verify.facts.dumps import MAKES
from verify.facts.shell import Command, Pipeline, ShellScript
from verify.rules import Finding, Nothing, Seen, rule

#: words, as they follow each other, that migrate a database: of Django and its like, Alembic, Rails
MIGRATING = (("migrate",), ("upgrade", "head"), ("db:migrate",), ("migrate:latest",))
SPEAKING = {"echo", "printf", ":", "#"}
LOOKING = {"--plan", "--check", "--list", "--help", "--sql"}
#: what runs another program that is named after it
RUNNING = {"bash", "compose", "docker", "env", "kubectl", "nice", "sh", "ssh", "sudo", "timeout"}
HOLDS = [
    "set -e\n./backup.sh\npython manage.py migrate\n",
    "set -euo pipefail\npg_dump --file=a.sql\ndocker compose exec web alembic upgrade head\n",
    "scripts/db_backup.sh && ./manage.py migrate --no-input\n",
    "set -e\naws rds create-db-snapshot --db-instance-identifier a\nkubectl exec web -- manage.py migrate\n",
]
FAILS = [
    "set -e\npython manage.py migrate  # finding\n",
    "set -e\npython manage.py migrate  # finding\n./backup.sh\n",
    "./backup.sh  # finding\npython manage.py migrate\n",
    "set -e\necho backup.sh\nalembic upgrade head  # finding\n./backup.sh\n",
]


def migrates(command: Command) -> bool:
    """Tell whether a command migrates, and does not only look."""
    if command.name in SPEAKING or LOOKING.intersection(command.words):
        return False
    at = range(len(command.words))
    return any(command.words[n : n + len(words)] == words for words in MIGRATING for n in at)


def backs_up(command: Command) -> bool:
    """Tell whether a command makes a backup, by its name or by that of what it runs."""
    run = command.words if command.name in RUNNING else command.words[:1]
    names = [word.rpartition("/")[2] for word in run]
    return "create-db-snapshot" in command.words or any(
        name in MAKES or ("backup" in name and not name.startswith("$")) for name in names
    )


@rule(severity="error")
def check(script: ShellScript) -> Iterator[Finding | Nothing | Seen]:
    """Look at what comes before each migration."""
    before: tuple[Pipeline, Command] | None = None
    found = 0
    for pipeline in script.pipelines:
        for command in pipeline.commands:
            if migrates(command):
                found += 1
                if before is None:
                    seen = "no backup in this script"
                    yield Finding(script.place(command), "migrates without a backup", "a backup first", seen)
                elif not (before[0].errexit or before[0].asked):
                    place = script.place(before[1])
                    yield Finding(place, "migrates after a backup that failed", "set -e, or &&", "goes on")
            if backs_up(command):
                before = (pipeline, command)
    if found:
        yield Seen(found, what=f"{script.path}: migrations")
    else:
        yield Nothing(f"{script.path}: nothing migrates")
