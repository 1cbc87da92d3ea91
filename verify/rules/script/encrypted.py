"""A dump is encrypted before it is kept or sent away.

A dump is the whole database in one file. Left in the working folder in clear it is in the next image,
the next artefact of the build, and in the hands of whoever gets that far. A dump that goes through
`age`, `gpg` or `openssl enc` may lie anywhere; one in clear may only be in a folder of `mktemp`, or in
a file that the script removes. With `store: true` the bucket encrypts, so that it may be sent there.

Fix: `pg_dump … | age -r "$RECIPIENT" -o "$name.age"`, and remove what was written in clear.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.beside import is_proof
from verify.facts.dumps import SEALS, dumps, scratch, sealed, sent, target, written
from verify.facts.shell import ShellScript
from verify.rules import Finding, Nothing, Seen, Stated, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """Whether what is sent away is encrypted where it is stored."""

    store: bool = False


STATED = Params()
HOLDS = [
    'pg_dump "$URL" | age -r "$TO" | aws s3 cp - s3://b/a.age\n',
    'd=$(mktemp -d)\npg_dump --file="$d/a" x\nopenssl enc -in "$d/a" -out "$d/a.enc"\nscp "$d/a.enc" h:\n',
    "pg_dump x >a.sql\ngpg -e -r me --output a.gpg a.sql\nrm a.sql\nrclone copy a.gpg there:b\n",
    'pg_dump x | age -r me >a\nsha256sum a >a.sha256\nscp a h:\nscp "$d/a.sha256" h:\n',
    given(Params(store=True), {"a.sh": 'd=$(mktemp -d)\npg_dump x -f "$d/a"\naws s3 cp "$d/a" s3://b/\n'}),
]
FAILS = [
    'pg_dump "$URL" > backup.sql  # finding\n',
    "pg_dump x | gzip >a.gz  # finding\naws s3 cp a.gz s3://b/  # finding\n",
    'd=$(mktemp -d)\npg_dump x --file="$d/a"\ngzip "$d/a"\nscp "$d/a.gz" host:  # finding\n',
    "pg_dump x | gzip | aws s3 cp - s3://b/a.gz  # finding\n",
]


@rule(severity="blocker", refs=["OWASP ASVS 5.0 14.2.4"])
def check(script: ShellScript, stated: Params) -> Iterator[Finding | Nothing | Seen]:
    """Follow each dump to its file, and what is sent away to where it came from."""
    made = list(dumps(script))
    if not made:
        yield Nothing(f"{script.path}: nothing dumps a database")
        return
    safe = {file for command in script.commands if command.name in SEALS for file in written(command)}
    for dump, pipeline in made:
        writer, files = target(dump, pipeline)
        closed = sealed(dump, pipeline)
        safe.update(files if closed else ())
        yield Seen("encrypted" if closed else "in clear", what=f"{script.path}: {dump.name} writes")
        for file in () if closed else files:
            if not scratch(script, file):
                yield Finding(
                    script.place(writer), "the dump stays here in clear", "encrypted, or removed", file
                )
    for pipeline in script.pipelines if not stated.store else ():
        for command in pipeline.commands:
            file = sent(command)
            piped = file == "-" and any(each.name in SEALS for each in pipeline.commands)
            if file and file not in safe and not is_proof(file) and not piped:
                yield Finding(script.place(command), "what is sent away is in clear", "encrypted", file)
