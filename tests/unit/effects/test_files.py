"""Only regular files are read, without blocking; writing is all or nothing."""

import os
import socket
import stat
from pathlib import Path

import pytest

from verify.effects.errors import FileError
from verify.effects.files import atomic_write, read_regular


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"text" * 1000)
    assert read_regular(path) == b"text" * 1000
    assert read_regular(path, limit=4000, root=tmp_path) == b"text" * 1000
    (tmp_path / "empty").touch()
    assert read_regular(tmp_path / "empty") == b""


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (_fifo, "found a FIFO"),
        (_socket, "found a socket"),
        (Path.mkdir, "found a directory"),
        (_sparse, "found 1073741824 bytes"),
        (lambda path: path.symlink_to("/dev/zero"), "found a device"),
        (lambda path: path.symlink_to("a"), "found a loop of symbolic links"),
        (lambda path: path.symlink_to("missing"), "found nothing there"),
        (str, "found nothing there"),
    ],
)
def test_anything_else_is_named(make, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("a"))
    with pytest.raises(FileError, match=found) as caught:
        read_regular(Path("a"))
    assert str(caught.value).startswith("a: expected a regular file")


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(FileError, match="found a file where a folder should be"):
        read_regular(tmp_path / "a" / "b")
    with pytest.raises(FileError, match="File name too long"):
        read_regular(tmp_path / ("a" * 300))


def test_a_path_that_cannot_be() -> None:
    with pytest.raises(FileError, match="expected the path of a regular file"):
        read_regular(Path("a\0b"))


def test_links_stay_below_the_root(tmp_path: Path) -> None:
    inside = tmp_path / "root"
    inside.mkdir()
    (tmp_path / "outside").write_text("secret")
    (inside / "file").write_text("fine")
    (inside / "good").symlink_to("file")
    (inside / "bad").symlink_to("../outside")
    (inside / "worse").symlink_to("/etc")
    assert read_regular(inside / "good", root=inside) == b"fine"
    for name in ("bad", "worse/passwd", "../outside"):
        with pytest.raises(FileError, match="a link that leads out of it"):
            read_regular(inside / name, root=inside)
    assert read_regular(inside / "bad") == b"secret"


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.touch()

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="no permission to read it"):
        read_regular(path)


def test_a_name_that_changes_hands_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("fine")
    real = os.open

    def swap(name: Path, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return real(name, flags)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(FileError, match="found a FIFO"):
        read_regular(path)


def test_a_file_larger_than_it_says() -> None:
    with pytest.raises(FileError, match="at most 3 bytes, found more"):
        read_regular(Path("/proc/self/status"), limit=3)
    assert b"Pid:" in read_regular(Path("/proc/self/status"))


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    atomic_write(path, "größe")
    assert path.read_bytes() == "größe".encode()
    atomic_write(path, b"\0", mode=0o600)
    assert path.read_bytes() == b"\0"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("mask", "mode", "kept"), [(0o022, 0o644, 0o644), (0o077, 0o644, 0o600), (0o002, 0o600, 0o600)]
)
def test_the_umask_has_its_say(tmp_path: Path, mask: int, mode: int, kept: int) -> None:
    path = tmp_path / "a"
    path.touch(0o777)
    before = os.umask(mask)
    try:
        atomic_write(path, "x", mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == kept


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match="could not be written: Is a directory"):
        atomic_write(tmp_path / "folder", "x")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
    with pytest.raises(FileError, match="expected a folder that can be written to"):
        atomic_write(tmp_path / "missing" / "a", "x")
