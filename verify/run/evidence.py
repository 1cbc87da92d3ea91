"""Keeps the facts of a run, so that it can be judged again without asking again.

Facts are redacted before they are written. What is read is matched to the needs of the
contract as it is now; a need that is not in the file is unseen, hence inconclusive.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from verify.effects.redact import Redactor
from verify.facts.files import Files, FilesSeen
from verify.model.need import Need, Unseen
from verify.model.text import abridged
from verify.run.codec import decode, encode, mapped_bytes, mapped_ends
from verify.run.options import UsageError
from verify.run.record import Run

FORMAT = 1
TOOL = "pytest-deploy-verify"
#: bytes of a file that is read; what does not fit is not written
LIMIT = 100_000_000
_ENOUGH = "expected the file run.json that a run wrote"


class EvidenceError(UsageError):
    """A file that is not evidence; the message names it, says what was expected, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The facts of an earlier run, by need, as they were written."""

    name: str
    run_id: str
    started: str
    system: str
    digest: str
    environment: str | None
    entries: Mapping[str, Mapping[str, Any]]

    def answers(self, needs: Iterable[Need]) -> dict[Need, object]:
        """Return what is known of each need; what is not in the file is ``Unseen``."""
        return {need: self._answer(need) for need in needs}

    def note(self, digest: str) -> str:
        """Return one line where the contract is another than it was then, else nothing."""
        if digest == self.digest:
            return ""
        return f"{self.name}: the contract has changed since run {self.run_id}: judged as it is now"

    def _answer(self, need: Need) -> object:
        entry = self.entries.get(key_of(need))
        if entry is None:
            return Unseen(f"not in the evidence {self.name} of run {self.run_id}: run without --evidence")
        try:
            return _read(need, entry)
        except ValueError as error:
            return Unseen(f"the evidence {self.name} cannot be read for this: {error}")


def header_of(run: Run) -> dict[str, Any]:
    """Return what every file for machines begins with, as JSON data; times are ISO 8601 in UTC."""
    started = datetime.fromtimestamp(run.started, UTC).isoformat(timespec="milliseconds")
    environment = {"name": run.environment, "url": run.url, "protection": run.protection}
    return {
        "tool": {"name": TOOL, "version": run.version},
        "run": {
            "id": run.id,
            "started": started.replace("+00:00", "Z"),
            "seconds": round(run.seconds, 3),
            "requests": run.requests,
            "interrupted": run.interrupted,
            "evidence": run.evidence or None,
        },
        "system": run.system,
        "contract": {"path": run.contract, "sha256": run.digest},
        "environment": environment if run.environment is not None else None,
    }


def key_of(need: Need) -> str:
    """Return what equal needs have in common from run to run."""
    return hashlib.sha256(json.dumps([_type(need), _fields(need)], sort_keys=True).encode()).hexdigest()


def dump(run: Run, redactor: Redactor) -> str:
    """Return the evidence of ``run`` as JSON text, without secrets."""
    head = {"format": FORMAT, **redactor.value(header_of(run))}
    entries, used = [], 0
    for need, answer in run.answers.items():
        text = json.dumps(_entry(need, answer, redactor))
        if used + len(text) > LIMIT * 0.9:
            text = json.dumps(_entry(need, Unseen("too large to be kept as evidence"), redactor))
        used += len(text)
        entries.append(text)
    return json.dumps(head)[:-1] + ', "answers": [\n' + ",\n".join(entries) + "\n]}\n"


def load(data: bytes, needs: Iterable[Need]) -> Mapping[Need, object]:
    """Return the answer to each of ``needs`` from the file's bytes; raise ``EvidenceError``."""
    return parse(data).answers(needs)


def parse(data: bytes, name: str = "run.json") -> Evidence:
    """Return the evidence in the bytes of the file called ``name``; raise ``EvidenceError``."""
    if len(data) > LIMIT:
        raise EvidenceError(f"{name}: {_ENOUGH}, at most {LIMIT} bytes; found {len(data)}")
    try:
        document = json.loads(data, parse_constant=_no_constant)
    except RecursionError:
        raise EvidenceError(f"{name}: {_ENOUGH}, found JSON nested too deeply") from None
    except json.JSONDecodeError as error:
        where = f"{name}:{error.lineno}:{error.colno}"
        raise EvidenceError(f"{where}: {_ENOUGH}, found no JSON or half a file: {error.msg}") from error
    except ValueError as error:  # bytes that are no UTF-8, a number of thousands of digits
        raise EvidenceError(f"{name}: {_ENOUGH}, found no JSON: {error}") from error
    if not isinstance(document, dict):
        raise EvidenceError(f"{name}: {_ENOUGH}, found a {type(document).__name__}")
    if document.get("format") != FORMAT:
        found = abridged(repr(document.get("format")), 40)
        raise EvidenceError(f"{name}: expected evidence of format {FORMAT}, found {found}: run again")
    try:
        return _evidence(document, name)
    except (KeyError, TypeError) as error:
        raise EvidenceError(f"{name}: {_ENOUGH}, found other members: {error}") from error


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _evidence(document: Mapping[str, Any], name: str) -> Evidence:
    environment = document["environment"]
    return Evidence(
        name=name,
        run_id=str(document["run"]["id"]),
        started=str(document["run"]["started"]),
        system=str(document["system"]),
        digest=str(document["contract"]["sha256"]),
        environment=None if environment is None else str(environment["name"]),
        entries={str(entry["key"]): dict(entry) for entry in document["answers"]},
    )


def _entry(need: Need, answer: object, redactor: Redactor) -> dict[str, Any]:
    asked = {"kind": need.kind, "type": _type(need), "fields": redactor.value(_fields(need))}
    return {"key": key_of(need), "need": asked, **_written(need, answer, redactor)}


def _written(need: Need, answer: object, redactor: Redactor) -> dict[str, Any]:
    if isinstance(answer, Unseen):
        return {"unseen": redactor.text(answer.reason)}
    if isinstance(need, Files) and isinstance(answer, FilesSeen):
        return _written_files(need, answer, redactor)
    try:
        data = mapped_bytes(encode(answer), redactor.bytes)
    except (TypeError, RecursionError) as error:
        return {"unseen": f"could not be kept as evidence: {error}"}
    return {"fact": mapped_ends(redactor.value(data), redactor.bytes)}


def _written_files(need: Files, seen: FilesSeen, redactor: Redactor) -> dict[str, Any]:
    """Keep the texts, which are parsed again; one with a secret in it is kept apart, to be read by people."""
    kept: dict[str, list[list[str]]] = {"files": [], "redacted": []}
    for path, text in seen.sources:
        shown = redactor.text(text)
        kept["files" if shown == text else "redacted"].append([redactor.text(path), shown])
    # those that cannot be parsed show again when they are parsed again
    parsed = FilesSeen.of(need.fact, seen.sources).unseen if seen.unseen else ()
    hidden = [redactor.text(one.reason) for one in seen.unseen if one not in parsed]
    return {**kept, "hidden": hidden}


def _read(need: Need, entry: Mapping[str, Any]) -> object:
    if "unseen" in entry:
        return Unseen(str(entry["unseen"]))
    if isinstance(need, Files):
        return _read_files(need, entry)
    return decode(need.answer, entry.get("fact"))


def _read_files(need: Files, entry: Mapping[str, Any]) -> FilesSeen:
    """Parse the texts again. One that was changed may not be judged: it could come out otherwise."""
    texts = tuple[tuple[str, str], ...]
    hidden = [Unseen(reason) for reason in decode(tuple[str, ...], entry.get("hidden"))]
    for path, _ in decode(texts, entry.get("redacted")):
        why = "secrets were taken out of what the evidence holds of it: run without --evidence"
        hidden.append(Unseen(f"{path}: cannot be judged again: {why}"))
    return FilesSeen.of(need.fact, decode(texts, entry.get("files")), tuple(hidden))


def _fields(need: Need) -> Any:
    try:
        return encode(need)
    except TypeError:  # a need of another package may hold what no fact may
        return repr(need)


def _type(need: Need) -> str:
    return f"{type(need).__module__}.{type(need).__qualname__}"
