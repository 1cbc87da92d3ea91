"""No text is cut without a mark: only beside one does the redactor know half a secret."""

import re
from pathlib import Path

# what is this long is text for people; digests and names are cut shorter, lists by a name in capitals
CUT = re.compile(r"\[: ?(?:[4-9]\d|\d{3,}|_SHOWN|_LONG(?:EST)?|limit(?: - 1)?)\]")
#: names a file, keeps a body of which it says so, lists few of many, writes the mark itself
OWN = {
    "verify/effects/files.py": "path.name[:64]",
    "verify/effects/bodies.py": "bytes(body[:limit])",
    "verify/collectors/damaged.py": "differences[:_SHOWN]",
    "verify/drills/postgres/outcome.py": "differences[:_SHOWN]",
    "verify/drills/postgres/catalogue.py": "{text[:_SHOWN]}… ",
}


def test_whatever_shortens_a_text_leaves_a_mark(root: Path, tracked: list[Path]) -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in tracked
        if path.suffix == ".py"
        and path.parts[0] == "verify"
        and path.parts[1] not in {"reference", "contract"}
        for number, line in enumerate((root / path).read_text().splitlines(), 1)
        if CUT.search(line) and OWN.get(str(path), "\0") not in line
    ]
    assert found == [], "write `abridged(text, most)` of verify/model/text.py"
