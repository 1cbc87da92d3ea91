from textwrap import dedent

import pytest

from verify.facts.compose import ComposeFile
from verify.facts.files import ParseError

MERGED = dedent("""\
    x-common: &common
      restart: always
      environment: {A: 1}
    x-check: &check
      healthcheck: {test: [CMD, true]}
    services:
      web:
        <<: [*common, *check]
        image: app:1
      worker:
        <<: *common
        restart: 'no'
        ports: !reset []
""")


def test_merge_keys_are_expanded_and_what_is_written_wins() -> None:
    file = ComposeFile.parse("compose.yml", MERGED)
    web, worker = file.services
    assert web.spec["restart"] == "always"
    assert web.spec["healthcheck"] == {"test": ["CMD", True]}
    assert worker.spec["restart"] == "no"
    assert "<<" not in web.spec
    (read,), _ = ComposeFile.together((file,))
    assert "ports" not in read.services[1].spec


def test_a_merged_key_stands_where_it_was_written() -> None:
    web, worker = ComposeFile.parse("compose.yml", MERGED).services
    assert str(web.place("restart")) == "compose.yml:2:3"
    assert str(worker.place("restart")) == "compose.yml:12:5"


def test_a_key_that_is_absent_stands_at_its_service() -> None:
    web, _ = ComposeFile.parse("compose.yml", MERGED).services
    assert str(web.place("deploy")) == "compose.yml:7:3"


def test_keys_that_are_numbers_become_text() -> None:
    file = ComposeFile.parse("compose.yml", "services: {web: {labels: {1: a, true: b}}}\n")
    assert file.services[0].spec["labels"] == {"1": "a", "true": "b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("volumes: {}\n", "no mapping `services:`"),
        ("services: [web]\n", "no mapping `services:`"),
        ("services:\n  web: app\n", "compose.yml:2:8: service web is not a mapping"),
        ("services: {web: {image: a}\n", "compose.yml:"),
        ("services: {a: {}, a: {}}\n", "stands twice"),
    ],
)
def test_what_is_no_compose_file_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ParseError, match=r"compose\.yml") as caught:
        ComposeFile.parse("compose.yml", text)
    assert words in str(caught.value)


def test_volumes_and_services_by_name() -> None:
    file = ComposeFile.parse("compose.yml", "services: {web: {}}\nvolumes: {static: }\n")
    assert file.service("web") is file.services[0]
    assert file.service("db") is None
    assert dict(file.volumes) == {"static": None}
