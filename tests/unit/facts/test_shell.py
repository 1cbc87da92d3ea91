"""Shell scripts are read as a shell would cut them: words, pipelines, what is on where they run."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verify.facts.dumps import dumps, fixed, scratch, sealed, sent, target
from verify.facts.files import ParseError
from verify.facts.shell import ShellScript

SYSTEMS = Path(__file__).parents[3] / "systems"
SCRIPTS = sorted(SYSTEMS.glob("*/scripts/*.sh"))


def read(text: str) -> ShellScript:
    return ShellScript.parse("a.sh", text)


def names(text: str) -> list[list[str]]:
    return [[command.name for command in pipeline.commands] for pipeline in read(text).pipelines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b; c &\nd && e || f", [["a"], ["c"], ["d"], ["e"], ["f"]]),
        ("a |\n  b | \\\n c", [["a", "b", "c"]]),
        ("# a | b\na '# x' # | c\n", [["a"]]),
        ("a 'x | y' \"z; $(b | c) `d`\"", [["a"], ["b", "c"], ["d"]]),
        ("x=$(a | b)\n", [["a", "b"]]),
        ("x=$((1 + 2)) y=${z:-$(a)}\nb", [["a"], ["b"]]),
        ("cat <<EOF | gzip\npg_dump | x 'unclosed\nEOF\nafter", [["cat", "gzip"], ["after"]]),
        ("cat <<-'END'\n\tx\n\tEND\nafter", [["cat"], ["after"]]),
        ("a <<<'x y' 2>&1 >/dev/null | b", [["a", "b"]]),
        ("f() {\n a | b\n}\n", [["f"], ["a", "b"], ["}"]]),
        ("if a | b; then c; else d; fi", [["a", "b"], ["c"], ["d"], ["fi"]]),
        ("a | while read -r x; do b; done", [["a", "read"], ["b"], ["done"]]),
        ("( a; b ) | c", [["a"], ["b"], [")", "c"]]),
        ("case $1 in\n a|b) c ;;\nesac", [["case"], ["c"], ["esac"]]),
        ("diff <(a) <(b | c)", [["diff"], ["a"], ["b", "c"]]),
        ("/usr/bin/pg_dump x", [["pg_dump"]]),
        ("", []),
    ],
)
def test_pipelines(text: str, expected: list[list[str]]) -> None:
    assert names(text) == expected


def test_places_are_those_of_the_file() -> None:
    script = read('#!/bin/sh\n\n  x=$(a |\n    b) c "d\n e"; f\n')
    places = {command.name: (command.line, command.column) for command in script.commands}
    assert places == {"c": (3, 3), "a": (3, 7), "b": (4, 5), "f": (5, 6)}


@pytest.mark.parametrize(
    ("text", "errexit", "pipefail"),
    [
        ("a", False, False),
        ("#!/bin/sh -eu\na", True, False),
        ("#!/usr/bin/env bash\na", False, False),
        ("set -euo pipefail\na", True, True),
        ("set -e -o pipefail\na", True, True),
        ("set -o errexit\nset -o pipefail\na", True, True),
        ("set -euo pipefail\nset +e\na", False, True),
        ("set -euo pipefail\nset +o pipefail\na", True, False),
        ("set -u -x\na", False, False),
        ("echo set -e\na", False, False),
        ("set -- -e\na", False, False),
    ],
)
def test_options(text: str, *, errexit: bool, pipefail: bool) -> None:
    last = read(text).pipelines[-1]
    assert (last.errexit, last.pipefail) == (errexit, pipefail)


@pytest.mark.parametrize(
    ("text", "place"), [("a 'b\nc", "a.sh:1:3"), ('a\n b "c', "a.sh:2:4"), ("x=$(a\n", "a.sh:1:3")]
)
def test_what_does_not_end_is_named(text: str, place: str) -> None:
    with pytest.raises(ParseError) as raised:
        read(text)
    assert str(raised.value).startswith(f"{place}: ")


@given(st.text(st.sampled_from("ab \n|;&()<>{}$`'\"\\#=-x"), max_size=40))
@example("$")
@example("\\")
@example("a<")
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        script = read(text)
    except ParseError:
        return
    for command in script.commands:
        assert 1 <= command.line <= text.count("\n") + 1


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_what_a_shell_accepts_is_read(path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    assert subprocess.run([bash, "-n", str(path)], check=False, timeout=20).returncode == 0
    script = ShellScript.parse(path.name, path.read_text())
    assert all(each.errexit and each.pipefail for each in script.pipelines)


@pytest.mark.parametrize(
    ("text", "files", "closed"),
    [
        ("pg_dump x >a.sql", ("a.sql",), False),
        ("pg_dump x | gzip | age -r k > a.age", ("a.age",), True),
        ("pg_dump x | tee -a one two", ("one", "two"), False),
        ("pg_dump --file=/dev/null x", (), False),
        ("pg_dump x | openssl enc -out b.enc", ("b.enc",), True),
    ],
)
def test_where_a_dump_goes(text: str, files: tuple[str, ...], *, closed: bool) -> None:
    ((dump, pipeline),) = dumps(read(text))
    assert target(dump, pipeline)[1] == files
    assert sealed(dump, pipeline) is closed


@pytest.mark.parametrize(
    ("file", "same", "gone"),
    [
        ("backup.sql", True, False),
        ("$name", False, False),
        ("$folder/dump", False, True),
        ("$DIR/latest", True, False),
        ("$DIR/$OTHER", False, False),
        ("removed.sql", True, True),
        ("trapped.sql", True, True),
    ],
)
def test_which_names_stay_the_same(file: str, *, same: bool, gone: bool) -> None:
    script = read(
        "name=a-$(date +%F)\nfolder=$(mktemp -d)\nDIR=/var/backups\nrm removed.sql\n"
        "trap 'rm -f trapped.sql' EXIT\n"
    )
    assert fixed(script, file) is same
    assert scratch(script, file) is gone


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("aws s3 cp a s3://b/a", "a"),
        ("aws s3 cp - s3://b/a", "-"),
        ("aws s3 cp s3://b/a a", ""),
        ("aws s3 ls s3://b", ""),
        ("scp a host:b", "a"),
        ("rsync -a ./x user@host:/y", "./x"),
        ("rsync -a a b", ""),
        ("rclone copy a there:b", "a"),
        ("gsutil cp a gs://b", "a"),
        ("cp a b", ""),
    ],
)
def test_what_is_sent_away(text: str, file: str) -> None:
    (command,) = read(text).commands
    assert sent(command) == file
