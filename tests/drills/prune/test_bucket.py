"""Buckets that are folders answer as aws does, and refuse what they do not know."""

from pathlib import Path

import pytest

from verify.drills.prune.bucket import Buckets, Refusal


@pytest.fixture
def buckets(tmp_path: Path) -> Buckets:
    root = tmp_path / "buckets"
    (root / "b").mkdir(parents=True)
    for name in ("one.sql", "two.gz"):
        (tmp_path / name).write_text(name)
    return Buckets(root=root, now=lambda: 1_767_225_600.0, zone="UTC")


def aws(buckets: Buckets, words: str, stdin: Path | None = None) -> str:
    return buckets.answer(words.split(), buckets.root.parent, stdin).decode()


def keys(buckets: Buckets) -> list[str]:
    return [line.split()[-1] for line in aws(buckets, "s3 ls s3://b --recursive").splitlines()]


def test_a_listing_is_written_as_aws_writes_it(buckets: Buckets) -> None:
    aws(buckets, "s3 cp one.sql s3://b/daily/one.sql")
    aws(buckets, "s3 cp one.sql s3://b")
    assert aws(buckets, "s3 ls s3://b") == (
        "                           PRE daily/\n2026-01-01 00:00:00          7 one.sql\n"
    )
    assert aws(buckets, "s3 ls s3://b/daily/") == "2026-01-01 00:00:00          7 one.sql\n"
    assert aws(buckets, "s3 ls s3://b/da") == "                           PRE daily/\n"
    assert aws(buckets, "s3 ls s3://b/daily --recursive").endswith(" 7 daily/one.sql\n")
    assert "Total Objects: 1" in aws(buckets, "s3 ls s3://b/daily/ --summarize")
    assert aws(buckets, "s3 ls").endswith(" b\n")


def test_copies_moves_and_removals(buckets: Buckets, tmp_path: Path) -> None:
    aws(buckets, "s3 cp - s3://b/x/piped", tmp_path / "one.sql")
    aws(buckets, "s3 mv s3://b/x/piped s3://b/y/")
    assert keys(buckets) == ["y/piped"]
    assert aws(buckets, "s3 cp s3://b/y/piped -") == "one.sql"
    aws(buckets, "s3 cp . s3://b/all --recursive --exclude * --include *.gz")
    assert keys(buckets) == ["all/two.gz", "y/piped"]
    aws(buckets, "s3 rm s3://b --recursive --exclude y/*")
    assert keys(buckets) == ["y/piped"]
    aws(buckets, "s3api delete-object --bucket b --key y/piped")
    assert keys(buckets) == []


def test_a_sync_brings_what_is_new_and_deletes_only_if_told(buckets: Buckets, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("1")
    aws(buckets, "s3 cp one.sql s3://b/keep/old")
    aws(buckets, "s3 sync folder s3://b/keep")
    assert keys(buckets) == ["keep/a", "keep/old"]
    aws(buckets, "s3 sync folder s3://b/keep --delete")
    assert keys(buckets) == ["keep/a"]
    (tmp_path / "back").mkdir()
    aws(buckets, "s3 sync s3://b/keep back")
    assert (tmp_path / "back" / "a").read_text() == "1"


def test_queries(buckets: Buckets) -> None:
    aws(buckets, "s3 cp one.sql s3://b/a")
    aws(buckets, "s3 cp one.sql s3://b/c")
    listing = "s3api list-objects-v2 --bucket b --output text --query"
    assert aws(buckets, f"{listing} Contents[?LastModified<='2027'].Key") == "a\tc\n"
    assert aws(buckets, f"{listing} Contents[].[Key,Size]") == "a\t7\nc\t7\n"
    assert aws(buckets, f"{listing} Contents[?LastModified>'2027'].Key") == "\n"
    assert '"Key": "a"' in aws(buckets, "s3api list-objects --bucket b --prefix a")


@pytest.mark.parametrize(
    ("words", "known", "says"),
    [
        ("s3 ls s3://none", True, "NoSuchBucket"),
        ("s3 ls s3://b/nothing", True, ""),
        ("s3 cp s3://b/none x", True, "Key does not exist"),
        ("s3 cp none s3://b/x", True, "does not exist"),
        ("s3 cp one.sql s3://b/../../x", False, "aws with the key"),
        ("s3 presign s3://b/x", False, "aws s3 presign"),
        ("ec2 describe-instances", False, "aws ec2 describe-instances"),
        ("s3 ls s3://b --human-readable", False, "aws --human-readable"),
        ("s3api list-objects --bucket b --output table", False, "aws --output table"),
        ("s3api list-objects --bucket b --query [[", True, "Bad value for --query"),
    ],
)
def test_what_is_refused(buckets: Buckets, words: str, known: bool, says: str) -> None:  # noqa: FBT001 - a table
    with pytest.raises(Refusal) as caught:
        aws(buckets, words)
    assert (caught.value.known, says in str(caught.value)) == (known, True)
