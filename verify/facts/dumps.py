"""Dumps in a shell script: what makes them, seals them, sends them away, and under which name."""

import re
from collections.abc import Iterator

from verify.facts.shell import Command, Pipeline, ShellScript

MAKES = frozenset({"mongodump", "mysqldump", "mariadb-dump", "pg_basebackup", "pg_dump", "pg_dumpall"})
SEALS = frozenset({"age", "gpg", "gpg2", "openssl", "rage"})
_SENDS = frozenset({"aws", "az", "gcloud", "gsutil", "mc", "rclone", "rsync", "s3cmd", "scp"})
_SENDING = frozenset({"copy", "copyto", "cp", "move", "mv", "put", "sync", "upload"})
#: options whose value is a file that is written, by program; of any other none
_WRITES = {
    **dict.fromkeys(MAKES, ("-f", "--file", "-r", "--result-file", "-D", "--pgdata", "-o", "--out")),
    **dict.fromkeys(SEALS, ("-o", "-out", "--output")),
    "tee": (),
}
_NOWHERE = frozenset({"", "-", "/dev/null", "/dev/stdout", "/dev/stderr"})
_LIST = frozenset({"--help", "--version", "-V", "-?"})
#: what differs from one run to the next
_VARIES = re.compile(
    r"\$\(\s*(?:/\S*/)?(?:date|git|hostname|mktemp|uuidgen|openssl)\b|`\s*(?:date|mktemp|uuidgen)\b|\$\$"
    r"|\$\{?(?:RANDOM|SRANDOM|EPOCHSECONDS|EPOCHREALTIME|BASHPID|[0-9@*])"
)
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]")


def dumps(script: ShellScript) -> Iterator[tuple[Command, Pipeline]]:
    """Yield each command that makes a dump, and its pipeline."""
    for pipeline in script.pipelines:
        for command in pipeline.commands:
            if command.name in MAKES and not _LIST.intersection(command.words):
                yield command, pipeline


def written(command: Command) -> tuple[str, ...]:
    """Return the files that ``command`` writes, as they are written in the script."""
    files = [target for operator, target in command.redirects if operator in {">", ">|", ">>", "&>"}]
    for word, following in zip(command.words, (*command.words[1:], ""), strict=True):
        for option in _WRITES.get(command.name, ()):
            if word == option:
                files.append(following)
            elif option.startswith("--") and word.startswith(f"{option}="):
                files.append(word[len(option) + 1 :])
    if command.name == "tee":
        files += [word for word in command.words[1:] if not word.startswith("-")]
    return tuple(file for file in files if file not in _NOWHERE)


def target(dump: Command, pipeline: Pipeline) -> tuple[Command, tuple[str, ...]]:
    """Return the last command of the dump's pipeline that writes a file, and what it writes."""
    after = pipeline.commands[pipeline.commands.index(dump) :]
    return next(((each, files) for each in reversed(after) if (files := written(each))), (dump, ()))


def sealed(dump: Command, pipeline: Pipeline) -> bool:
    """Say whether the dump is encrypted before its pipeline ends."""
    after = pipeline.commands[pipeline.commands.index(dump) :]
    return any(each.name in SEALS and "-d" not in each.words for each in after)


def fixed(script: ShellScript, file: str) -> bool:
    """Say whether each run writes the same file, as far as the script itself says."""
    wide = script.expanded(file)
    name = wide.rpartition("/")[2]
    return not _VARIES.search(wide) and not _VARIABLE.search(name)


def scratch(script: ShellScript, file: str) -> bool:
    """Say whether ``file`` goes with the run: in a folder of ``mktemp``, or removed by the script."""
    if "mktemp" in script.expanded(file):
        return True
    for command in script.commands:
        if command.name in {"rm", "shred"} and file in command.words:
            return True
        if command.name == "trap" and any(_removes(word, file) for word in command.words[1:]):
            return True
    return False


def sent(command: Command) -> str:
    """Return the first place that ``command`` sends away, "" where it sends nothing."""
    if command.name not in _SENDS:
        return ""
    places = [word for word in command.words[1:] if not word.startswith("-") or word == "-"]
    if command.name not in {"rsync", "scp"}:
        begun = next((number for number, word in enumerate(places) if word in _SENDING), None)
        places = places[begun + 1 :] if begun is not None else []
    remote = [":" in place.partition("/")[0] or "://" in place for place in places]
    if len(places) >= 2 and not remote[0] and any(remote[1:]):  # noqa: PLR2004 - from and to
        return places[0]
    return ""


def _removes(word: str, file: str) -> bool:
    return word.split()[:1] == ["rm"] and file in word
