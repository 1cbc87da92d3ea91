"""The one way out: whatever leaves a run passes here, through the redactor."""

from collections.abc import Callable
from pathlib import Path

from verify.effects.errors import FileError
from verify.effects.files import atomic_write, plain, read_regular
from verify.effects.redact import Redactor
from verify.report import junit, markdown, metrics, table, verdict_json
from verify.report.safe import safe
from verify.run import evidence
from verify.run.record import Row, Run

_REPORTS: dict[str, Callable[[Run], str]] = {
    "verdict.json": verdict_json.render,
    "summary.md": markdown.render,
}
EVIDENCE = "run.json"


def write_all(run: Run, folder: Path, redactor: Redactor, *, keep: bool = True) -> list[Path]:
    """Write every report of ``run`` into ``folder``, which is created; return their paths.

    ``keep`` is false for a run that was judged on evidence, which must not be written over
    with the part of it that was judged. Each file is written whole or not at all; the
    evidence is readable by its owner only. Raise ``FileError`` naming what could not be
    written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: expected a folder for reports: {error.strerror}") from error
    shown = safe(run, redactor)
    written = []
    for name, render in _REPORTS.items():
        atomic_write(folder / name, render(shown))
        written.append(folder / name)
    if keep:
        if text := metrics.render(shown, _earlier(folder / metrics.NAME)):
            atomic_write(folder / metrics.NAME, text)
            written.append(folder / metrics.NAME)
        atomic_write(folder / EVIDENCE, evidence.dump(run, redactor), mode=0o600)
        written.append(folder / EVIDENCE)
    return written


def _earlier(path: Path) -> str:
    """Return the text of an earlier run's file, "" where there is none that can be read."""
    try:
        return read_regular(path).decode()
    except (FileError, UnicodeDecodeError):
        return ""


def forget(folder: Path) -> None:
    """Remove the reports of an earlier run, so that nobody takes its verdict for this one's.

    Raise ``FileError`` for what cannot be removed, nor be written over later.
    """
    for name in _REPORTS:
        try:
            (folder / name).unlink(missing_ok=True)
        except NotADirectoryError:
            return  # told when the reports are written
        except OSError as error:
            raise FileError(
                f"{folder / name}: expected a report that can be removed, found {plain(error)}"
            ) from error


def lines(
    run: Run,
    redactor: Redactor,
    *,
    width: int = 80,
    colour: bool = False,
    encoding: str = "utf-8",
    most: int = 20,
) -> list[str]:
    """Return the table for a terminal that writes ``encoding``; see ``table.lines``."""
    unicode = encoding.lower().replace("-", "").replace("_", "") in {"utf8", "utf16", "utf32"}
    return table.lines(safe(run, redactor), width=width, colour=colour, ascii=not unicode, most=most)


def properties(row: Row, redactor: Redactor) -> list[tuple[str, str]]:
    """Return the JUnit properties of one row; see ``junit.properties``."""
    return junit.properties(safe(row, redactor))
