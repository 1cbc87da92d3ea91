"""What a call of a program did, by its arguments: whether it changed a database, where it sent a file."""

from verify.facts.backup import Step

#: options of `aws` that take no value; all others do
_FLAGS = frozenset(
    {
        "--delete", "--dryrun", "--exact-timestamps", "--follow-symlinks", "--force", "--no-follow-symlinks",
        "--no-guess-mime-type", "--no-progress", "--no-sign-request", "--no-verify-ssl", "--only-show-errors",
        "--quiet", "--recursive", "--size-only",
    }
)  # fmt: skip
_SENDING = frozenset({"cp", "mv", "sync"})
_REMOTE = "s3://"
_READING = ("select", "show", "table", "values")


def program(step: Step) -> str:
    """Return the name of the program that a step called, without its folder."""
    return step.argv[0].rpartition("/")[2] if step.argv else ""


def value_of(argv: tuple[str, ...], *names: str) -> str | None:
    """Return the value of an option, spelled ``-d x``, ``-dx`` or ``--dbname=x``, if it is there."""
    for word, following in zip(argv, (*argv[1:], ""), strict=True):
        for name in names:
            if word == name:
                return following
            if name.startswith("--") and word.startswith(f"{name}="):
                return word[len(name) + 1 :]
            if not name.startswith("--") and word.startswith(name) and not word.startswith("--"):
                return word[len(name) :]
    return None


def writes(step: Step) -> bool:
    """Say whether a call changes a database: a restore into one, or SQL that does more than read.

    What psql is fed by its standard input or a file is not known, and counts as a change.
    """
    name = program(step)
    if name == "pg_restore":
        return value_of(step.argv, "-d", "--dbname") is not None
    if name != "psql":
        return False
    if {"-l", "--list", "--version", "-V", "--help", "-?"}.intersection(step.argv):
        return False
    command = value_of(step.argv, "-c", "--command")
    if command is None or value_of(step.argv, "-f", "--file") is not None:
        return True
    # only one statement can be told from its first word
    one = command.strip().rstrip(";")
    return ";" in one or not one.lower().startswith(_READING)


def sent_to(step: Step) -> str:
    """Return the address in a bucket that an ``aws s3`` call sent a file to, "" for any other call."""
    if program(step) != "aws":
        return ""
    places: list[str] = []
    words = iter(step.argv[1:])
    for word in words:
        if not word.startswith("--"):
            places.append(word)
        elif "=" not in word and word not in _FLAGS:
            next(words, "")
    match places:
        case ["s3", command, _, address] if command in _SENDING and address.startswith(_REMOTE):
            return address
    return ""
