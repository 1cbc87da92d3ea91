"""What lies about in a folder: read, or named as unseen; never silent, never a hang."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from verify.collectors import files
from verify.collectors.files import collect
from verify.collectors.world import World
from verify.contract.load import load
from verify.effects.errors import FileError
from verify.facts.compose import ComposeFile, Unresolved
from verify.facts.files import Files, FilesSeen
from verify.facts.promises import Promises
from verify.model.need import Unseen

CONTRACT = b"verify: 1\nsystem: sample\ndocument: d.md\nenvironments: {test: {url: 'https://a.example'}}\n"
NEED = Files(ComposeFile)
GOOD = "services: {web: {image: app:1}}\n"
See = Callable[..., FilesSeen]


def look(root: Path, *patterns: str) -> object:
    there = World(
        contract=load(CONTRACT, "verify.yaml").contract,
        root=root,
        run_id="test",
        patterns=patterns or ("**/*",),
        credentials={},
    )
    return dict(collect((NEED,), there))[NEED]


def see(root: Path, *patterns: str) -> FilesSeen:
    found = look(root, *patterns)
    assert isinstance(found, FilesSeen), found
    return found


def the_unseen(root: Path) -> str:
    """Return why the one bad file is unseen, beside a good one that is read."""
    (root / "compose.good.yml").write_text(GOOD)
    seen = see(root)
    assert len(seen.files) == 1
    assert len(seen.unseen) == 1
    return seen.unseen[0].reason


def test_each_kind_by_its_names(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.prod.yml").write_text(GOOD)
    (tmp_path / "notes.yml").write_text("a: 1\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "compose.yaml").write_text(GOOD)
    seen = see(tmp_path)
    assert [path for path, _ in seen.sources] == ["deep/compose.yaml", "docker-compose.prod.yml"]
    assert seen.unseen == ()


def test_the_contract_itself_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "verify.yaml").write_text("another: 1\n")
    (tmp_path / "promises.yml").write_text("backups: {db: {}}\n")
    there = World(
        contract=load(CONTRACT, "verify.yaml").contract,
        root=tmp_path,
        run_id="test",
        contract_file="promises.yml",
        credentials={},
    )
    need = Files(Promises)
    seen = dict(collect((need,), there))[need]
    assert isinstance(seen, FilesSeen)
    assert [path for path, _ in seen.sources] == ["promises.yml"]
    assert [file.backups for file in seen.files if isinstance(file, Promises)] == [("db",)]


def test_only_what_the_contract_names(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(GOOD)
    (tmp_path / "compose.dev.yml").write_text(GOOD)
    assert [path for path, _ in see(tmp_path, "compose.yml").sources] == ["compose.yml"]


def test_a_pattern_that_overlaps_reads_once(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(GOOD)
    assert len(see(tmp_path, "*.yml", "compose.yml", "**/*").sources) == 1


def test_nothing_there(tmp_path: Path) -> None:
    assert see(tmp_path) == FilesSeen()


@pytest.mark.parametrize("folder", [".git", "node_modules", ".venv"])
def test_what_others_put_there_is_skipped(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "compose.yml").write_text(GOOD)
    assert see(tmp_path) == FilesSeen()


@pytest.mark.parametrize("missing", ["docker-compose.prod.yml", "deploy/docker-compose.yml", "deploy/*.yml"])
def test_what_is_stated_and_not_there_is_not_passed_over(tmp_path: Path, missing: str) -> None:
    (tmp_path / "docker-compose.yml").write_text(GOOD)
    seen = see(tmp_path, "docker-compose.yml", missing)
    assert len(seen.files) == 1
    (unseen,) = seen.unseen
    assert missing.removesuffix("/*.yml") in unseen.reason
    assert "as stated, found nothing there" in unseen.reason


def test_what_wildcards_match_may_be_nothing(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text(GOOD)
    (tmp_path / "deploy" / "old").mkdir(parents=True)
    seen = see(
        tmp_path, "docker-compose.yml", "compose*.yml", "deploy/*.yml", "**/conf/compose.yml", "d*/*/*.yml"
    )
    assert (len(seen.files), seen.unseen) == (1, ())


@pytest.mark.parametrize("missing", ["backup.sh", "scripts/*.sh", "docs/compose-?.txt"])
def test_what_is_missing_hides_no_files_of_another_kind(tmp_path: Path, missing: str) -> None:
    (tmp_path / "compose.yml").write_text(GOOD)
    seen = see(tmp_path, "compose.yml", missing)
    assert (len(seen.files), seen.unseen) == (1, ())


def test_a_stated_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(GOOD)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "linked").symlink_to("deploy")
    seen = see(tmp_path, "compose.yml", "deploy/", "linked")
    assert len(seen.files) == 1
    assert [one.reason.partition(": write ")[2] for one in seen.unseen] == [
        "deploy/** for what is in it",
        "linked/** for what is in it",
    ]


def test_a_pattern_that_ends_in_two_stars_names_the_files_below(tmp_path: Path) -> None:
    (tmp_path / "deploy" / "sub").mkdir(parents=True)
    for name in ("deploy/compose.yml", "deploy/sub/compose.yml", "compose.yml"):
        (tmp_path / name).write_text(GOOD)
    assert [path for path, _ in see(tmp_path, "deploy/**").sources] == [
        "deploy/compose.yml",
        "deploy/sub/compose.yml",
    ]


def test_patterns_match_as_paths_do(tmp_path: Path) -> None:
    for name in (
        "compose.yml",
        "a/compose.yml",
        "a/b/compose.yml",
        ".hidden/compose.yml",
        "a/b/compose.yaml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(GOOD)
    (tmp_path / "linked").symlink_to("a")
    (tmp_path / "loop").symlink_to("loop")

    def paths(*patterns: str) -> list[str]:
        seen = see(tmp_path, *patterns)
        assert seen.unseen == ()
        return [path for path, _ in seen.sources]

    assert paths("*/compose.yml") == [".hidden/compose.yml", "a/compose.yml", "linked/compose.yml"]
    assert paths("**/compose.yml") == [
        ".hidden/compose.yml",
        "a/b/compose.yml",
        "a/compose.yml",
        "compose.yml",
    ]
    assert paths("**/b/**/compose.y*ml") == ["a/b/compose.yaml", "a/b/compose.yml"]
    assert paths("[ab]/*/compose.ya?l") == ["a/b/compose.yaml"]


def test_what_others_put_there_is_read_where_it_is_stated(tmp_path: Path) -> None:
    (tmp_path / ".venv" / ".venv").mkdir(parents=True)
    (tmp_path / ".venv" / "compose.yml").write_text(GOOD)
    (tmp_path / ".venv" / ".venv" / "compose.yml").write_text(GOOD)
    assert [path for path, _ in see(tmp_path, ".venv/**").sources] == [".venv/compose.yml"]


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Let a folder not be listed, as where its permissions forbid that; root may list everything."""

    def forbid(folder: Path) -> None:
        real = os.scandir

        def scandir(path: Path) -> object:
            if Path(path) == folder:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)

    return forbid


@pytest.mark.parametrize("pattern", ["**/compose*.yml", "data/*.yml", "d*/**", "**/*"])
def test_a_folder_that_may_not_be_looked_into_hides_files(
    tmp_path: Path, listed: Callable[[Path], None], pattern: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "compose.yml").write_text(GOOD)
    listed(tmp_path / "data")
    seen = see(tmp_path, "compose.yml", pattern)
    assert len(seen.files) == 1
    (unseen,) = seen.unseen
    assert unseen.reason.startswith("data: expected a folder")
    assert "no permission" in unseen.reason


def test_a_folder_that_no_pattern_leads_into_hides_nothing(
    tmp_path: Path, listed: Callable[[Path], None]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "compose.yml").write_text(GOOD)
    listed(tmp_path / "data")
    assert see(tmp_path, "*.yml", "**/*.sh").unseen == ()


def test_an_absolute_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="expected a pattern of paths below"):
        files.candidates(tmp_path, ("/etc/*",))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into everything")
def test_no_permission_to_look_into_a_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0)
    assert "no permission" in the_unseen(tmp_path)


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "compose.yml")
    assert "found a FIFO" in the_unseen(tmp_path)


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("compose.yml")
        assert "found a socket" in the_unseen(tmp_path)


def test_a_link_that_leads_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text(GOOD)
    (root / "compose.yml").symlink_to(tmp_path / "secret")
    assert "leads out of it" in the_unseen(root)


def test_a_link_that_stays(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(GOOD)
    (tmp_path / "compose.yml").symlink_to("real")
    assert [path for path, _ in see(tmp_path).sources] == ["compose.yml"]


@pytest.mark.parametrize("target", ["nowhere", "compose.yml"])
def test_a_link_to_nothing_or_itself(tmp_path: Path, target: str) -> None:
    (tmp_path / "compose.yml").symlink_to(target)
    assert "compose.yml" in the_unseen(tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"services:\n  web\0: 1\n", "compose.yml"),
        (b"services: {web: {image: caf\xe9}}\n", "not UTF-8"),
        (b"\xff\xfes\0e\0", "not UTF-8"),
        (b"- a\n", "not a Compose file"),
        (b"services: [\n", "compose.yml:"),
        (b"a: 1\n" + b"#" * (6 * 1024 * 1024), "at most"),
    ],
)
def test_what_cannot_be_judged_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "compose.yml").write_bytes(data)
    assert words in the_unseen(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(GOOD)
    (tmp_path / "compose.yml").chmod(0)
    assert "no permission" in the_unseen(tmp_path)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 10)
    for number in range(11):
        (tmp_path / f"{number}.txt").write_text("")
    found = look(tmp_path)
    assert isinstance(found, Unseen)
    assert "narrow the patterns" in found.reason


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    bad = os.path.join(os.fsencode(tmp_path), b"compose\xff.yml")  # noqa: PTH118 - a path of bytes
    with open(bad, "wb") as file:  # noqa: PTH123 - a path of bytes
        file.write(GOOD.encode())
    seen = see(tmp_path)
    assert len(seen.files) + len(seen.unseen) == 1


EXTENDING = "services: {web: {image: a, extends: {file: common.yml, service: base}}}\n"
COMMON = "services: {base: {restart: always}}\n"


def restarts(seen: FilesSeen) -> list[object]:
    return [
        one.value("restart") for file in seen.files if isinstance(file, ComposeFile) for one in file.services
    ]


def test_a_part_of_another_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(EXTENDING)
    (tmp_path / "common.yml").write_text(COMMON)
    seen = see(tmp_path)
    assert [path for path, _ in seen.sources] == ["compose.yml", "common.yml"]
    assert restarts(seen) == ["always"]
    assert len(seen.files) == 1


def test_a_part_that_files_do_not_name_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(EXTENDING)
    (tmp_path / "common.yml").write_text(COMMON)
    (value,) = restarts(see(tmp_path, "compose.yml"))
    assert isinstance(value, Unresolved)
    assert "extends base of common.yml, which is not among" in value.reason


def test_a_part_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(EXTENDING)
    (tmp_path / "common.yml").write_bytes(b"\xff")
    seen = see(tmp_path)
    assert "common.yml: cannot be judged" in seen.unseen[0].reason
    assert isinstance(restarts(seen)[0], Unresolved)


def test_files_that_are_named_stand_in_that_order(tmp_path: Path) -> None:
    for name in ("compose.a.yml", "compose.b.yml", "compose.c.yml"):
        (tmp_path / name).write_text(f"services: {{{name[8]}: {{image: x}}}}\n")
    seen = see(tmp_path, "*.yml", "./compose.c.yml", "compose.a.yml")
    assert [path for path, _ in seen.sources] == ["compose.c.yml", "compose.a.yml", "compose.b.yml"]


def test_a_compose_file_of_another_name_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(GOOD)
    (tmp_path / "stack.yml").write_text(GOOD)
    (tmp_path / "ci.yml").write_text("services: [docker]\n")
    (tmp_path / "odd.yml").write_bytes(b"\xff")
    (tmp_path / "services.yml").write_text("services: {App\\Mail: {class: Mail}}\n")
    named = see(tmp_path, "compose.yml", "./stack.yml", "ci.yml", "services.yml", "odd.yml")
    told = "stack.yml: is not judged, as it is called none of docker-compose*.yml, "
    assert [one.reason.startswith(told) for one in named.unseen] == [True]
    assert see(tmp_path, "*.yml").unseen == ()
    (tmp_path / "compose.yml").write_text("include: [stack.yml]\n")
    assert see(tmp_path, "compose.yml", "stack.yml").unseen == ()
