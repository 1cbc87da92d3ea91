"""Nothing of the machine that a file was written on, and nothing unfinished, stays in it."""

import re
from pathlib import Path

import pytest

# written so that this file does not match itself
FORBIDDEN = {
    "a host of a package registry": r"(?:py[p]i|python[h]osted|np[m]js)\.(?:org|com|io)\b",
    "an index or a local source in a lock": r"(?m)^--(?:(?:extra-)?index-u[r]l|find-link[s]|trusted-hos[t])",
    "a folder of somebody's machine": r"(?:^|[^\w.~-])/(?:wor[k]|roo[t]|User[s])/\w",
    "a mark of an unfinished merge": r"(?m)^(?:<{7}|>{7}) ",
    "a word for unfinished work": r"\b(?:FIX[M]E|XX[X]|HAC[K])\b",
}
BINARY = frozenset({".png", ".jpg", ".gz", ".whl", ".ico"})


@pytest.mark.parametrize("what", FORBIDDEN)
def test_absent(what: str, root: Path, tracked: list[Path]) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in tracked:
        if path.suffix not in BINARY:
            text = (root / path).read_text(encoding="utf-8", errors="replace")
            found += [
                f"{path}:{text.count(chr(10), 0, m.start()) + 1}: {m[0]!r}" for m in pattern.finditer(text)
            ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a host of a package registry", "see " + ".".join(("https://files.python" + "hosted", "org"))),
        ("an index or a local source in a lock", "--index-" + "url somewhere"),
        ("a folder of somebody's machine", "cd /ro" + "ot/project"),
        ("a mark of an unfinished merge", "<<<<" + "<<< HEAD"),
        ("a word for unfinished work", "# FIX" + "ME later"),
    ],
)
def test_would_be_found(what: str, text: str) -> None:
    assert re.search(FORBIDDEN[what], text)


def test_the_readme_is_short(root: Path) -> None:
    assert len((root / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_links_between_pages_lead_somewhere(root: Path, tracked: list[Path]) -> None:
    link = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)")
    broken = []
    for path in (one for one in tracked if one.suffix == ".md"):
        targets = link.findall((root / path).read_text(encoding="utf-8"))
        broken += [f"{path}: {target}" for target in targets if not (root / path.parent / target).exists()]
    assert broken == []
