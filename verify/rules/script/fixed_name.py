"""Each dump has a name of its own.

A dump that always goes to `backup.sql` destroys the one before while it is being written: a run that
fails leaves neither. What was kept before the last migration is gone with the next one.

Fix: put the time into the name (`app-$(date -u +%Y%m%dT%H%M%SZ).dump`), or write to a draft that is
moved to its name when it is whole.
"""

from collections.abc import Iterator

from verify.facts.dumps import dumps, fixed, scratch, target
from verify.facts.shell import ShellScript
from verify.rules import Finding, Nothing, Seen, rule

HOLDS = [
    'pg_dump "$URL" >"app-$(date +%F).sql"\n',
    'name=app-$(date -u +%s).gz\nfile="$DIR/$name"\npg_dump "$URL" | gzip >"$file"\n',
    'folder=$(mktemp -d)\npg_dump --file="$folder/dump.sql" "$URL"\n',
    'pg_dump -f draft.sql "$URL"\nmv draft.sql "app-$(date +%F).sql"\n',
    'pg_dump "$URL" -f "$1"\npg_dump --version >tools\n',
]
FAILS = [
    'pg_dump "$URL" > backup.sql  # finding\n',
    'DIR=/var/backups\npg_dump "$URL" |\n    gzip >"$DIR/app.sql.gz"  # finding\n',
    'pg_dump -Fc --file="$BACKUP_DIR/latest.dump" "$URL"  # finding\n',
    'pg_dump "$URL" | age -r x -o app.age  # finding\naws s3 cp app.age s3://b/\n',
]


@rule(severity="error")
def check(script: ShellScript) -> Iterator[Finding | Nothing | Seen]:
    """Look at the file of each dump."""
    moved = {word for command in script.commands if command.name == "mv" for word in command.words[1:-1]}
    found = False
    for dump, pipeline in dumps(script):
        found = True
        writer, files = target(dump, pipeline)
        yield Seen(", ".join(files) or "a pipe", what=f"{script.path}: {dump.name} writes")
        for file in files:
            if fixed(script, file) and file not in moved and not scratch(script, file):
                place = script.place(writer)
                yield Finding(place, "the next run overwrites this dump", "a name of its own", file)
    if not found:
        yield Nothing(f"{script.path}: nothing dumps a database")
