"""What Compose makes of several files and of references between services, or why that cannot be told."""

from typing import Any

import pytest

from verify.facts.compose import ComposeFile, Service, Unresolved
from verify.facts.files import FilesSeen, with_parts

COMMON = "services: {base: {restart: always, volumes: ['a:/a'], healthcheck: {test: [CMD, x], retries: 3}}}\n"


def seen(files: dict[str, str]) -> FilesSeen:
    """Return what is seen of ``files``: those called like Compose files, and what they take parts from."""
    named = [(path, text) for path, text in files.items() if ComposeFile.called(path)]
    return FilesSeen.of(ComposeFile, with_parts(ComposeFile, named, files.get))


def services(files: dict[str, str] | str) -> dict[str, Service]:
    found = seen({"compose.yml": files} if isinstance(files, str) else files)
    assert found.unseen == ()
    return {one.name: one for file in found.files if isinstance(file, ComposeFile) for one in file.services}


def reason(value: Any) -> str:
    assert isinstance(value, Unresolved), value
    return value.reason


# extends


@pytest.mark.parametrize("stated", ["base", "{service: base}", "{file: compose.yml, service: base}"])
def test_a_service_of_the_same_file_is_extended(stated: str) -> None:
    text = f"services:\n  base:\n    restart: always\n  web:\n    image: a\n    extends: {stated}\n"
    web = services(text)["web"]
    assert web.value("restart") == "always"
    assert str(web.place("restart")) == "compose.yml:3:5"
    assert str(web.place("image")) == "compose.yml:5:5"
    assert web.value("deploy") is None
    assert web.value("extends") is None


def test_what_extends_wins_mappings_are_merged_and_lists_are_added_to() -> None:
    web = services(
        {
            "deploy/compose.yml": (
                "services: {web: {extends: {file: ../common.yml, service: base}, volumes: ['b:/b'],"
                " restart: 'no', healthcheck: {test: [NONE]}}}\n"
            ),
            "common.yml": COMMON,
        }
    )["web"]
    assert web.spec == {
        "restart": "no",
        "volumes": ["a:/a", "b:/b"],
        "healthcheck": {"test": ["NONE"], "retries": 3},
    }
    assert str(web.place("healthcheck", "retries")).startswith("common.yml:1:")


def test_a_chain_of_extensions_through_files() -> None:
    web = services(
        {
            "compose.yml": "services: {web: {extends: {file: b/one.yml, service: one}}}\n",
            "b/one.yml": "services: {one: {extends: {file: two.yml, service: two}}}\n",
            "b/two.yml": "services: {two: {image: x, restart: always}}\n",
        }
    )["web"]
    assert web.value("restart") == "always"


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("{file: other.yml, service: base}", "extends base of other.yml, which is not among"),
        ("{file: 'https://a.example/c.yml', service: base}", "is remote, and nothing is fetched"),
        ("{file: '${F}', service: base}", "the variable F has no default"),
        ("{file: 5, service: base}", "it names no file"),
        ("'${B}'", "the variable B has no default"),
        ("{service: [base]}", "it names no service"),
        ("base", "extends base, which compose.yml does not define"),
        ("web", "extends web of compose.yml, which extends it"),
    ],
)
def test_an_extension_that_cannot_be_followed_leaves_open_what_is_not_stated(stated: str, words: str) -> None:
    web = services(f"services:\n  web:\n    image: a\n    extends: {stated}\n")["web"]
    assert web.value("image") == "a"
    told = reason(web.value("restart"))
    assert words in told
    assert told.startswith("compose.yml:4:5: ")
    assert words in reason(web.value("deploy", "restart_policy"))
    assert words in reason(web.flag("privileged"))


def test_extensions_that_go_on_for_ever() -> None:
    chain = "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(200))
    assert "extends" in reason(services(f"services:\n{chain}  s200: {{image: a}}\n")["s0"].value("restart"))


# include


def test_services_of_included_files_are_there_with_their_places() -> None:
    found = services(
        {
            "compose.yml": "include: [jobs/other.yml, {path: [a.yml, b.yml]}]\nservices: {web: {image: a}}\n",
            "jobs/other.yml": "include: [more.yml]\nservices:\n  worker: {image: b}\n",
            "jobs/more.yml": "services: {beat: {image: c}}\n",
            "a.yml": "services: {mail: {image: d, restart: 'no'}}\n",
            "b.yml": "services: {mail: {restart: always}}\n",
        }
    )
    assert set(found) == {"web", "worker", "beat", "mail"}
    assert str(found["worker"].place()) == "jobs/other.yml:3:3"
    assert found["mail"].value("restart") == "always"


def test_an_included_file_that_is_named_as_well_is_judged_once() -> None:
    files = {"compose.yml": "include: [compose.b.yml]\n", "compose.b.yml": "services: {web: {image: a}}\n"}
    assert [one.path for one in seen(files).files if isinstance(one, ComposeFile)] == ["compose.yml"]
    assert set(services(files)) == {"web"}


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("[other.yml]", "compose.yml:1:11: includes other.yml, which is not among"),
        ("other.yml", "includes other.yml"),
        ("['oci://docker.io/user/app']", "is remote, and nothing is fetched"),
        ("['git@github.com:user/app']", "is remote, and nothing is fetched"),
        ("['${F}']", "the variable F has no default"),
        ("['${F:-other.yml}']", "includes other.yml"),
        ("[{project_directory: a}]", "it names no file"),
        ("[compose.yml]", "includes compose.yml, which includes this file"),
    ],
)
def test_what_cannot_be_included_is_told_and_the_rest_judged(stated: str, words: str) -> None:
    found = seen({"compose.yml": f"include: {stated}\nservices: {{web: {{image: a}}}}\n"})
    assert [words in one.reason for one in found.unseen] == [True]
    assert len(found.files) == 1


def test_files_that_include_one_another_do_not_vanish() -> None:
    found = seen(
        {
            "compose.a.yml": "include: [compose.b.yml]\nservices: {a: {image: x}}\n",
            "compose.b.yml": "include: [compose.a.yml]\nservices: {b: {image: x}}\n",
            "compose.c.yml": "services: {c: {image: x}}\n",
        }
    )
    assert "includes compose.a.yml, which includes this file" in found.unseen[0].reason
    names = {one.name for file in found.files if isinstance(file, ComposeFile) for one in file.services}
    assert names == {"a", "b", "c"}


def test_what_several_include_is_put_together_once() -> None:
    files = {"compose.yml": "include: [f0.yml, f0.yml]\n", "f25.yml": "services: {a: {image: x}}\n"}
    files |= {f"f{n}.yml": f"include: [f{n + 1}.yml, f{n + 1}.yml]\n" for n in range(25)}
    assert set(services(files)) == {"a"}


# several files


BASE = "services: {web: {image: app:1, volumes: ['a:/a']}, db: {image: db:1, restart: always}}\n"
OVER = "services:\n  web:\n    restart: always\n    volumes: ['b:/b']\n"


@pytest.mark.parametrize("prod", ["docker-compose.prod.yml", "deploy/docker-compose.prod.yml"])
def test_a_file_that_says_not_what_it_runs_is_laid_over_the_one_that_does(prod: str) -> None:
    for files in ({"docker-compose.yml": BASE, prod: OVER}, {prod: OVER, "docker-compose.yml": BASE}):
        web = services(files)["web"]
        assert web.value("restart") == "always"
        assert web.value("volumes") == ["a:/a", "b:/b"]
        assert str(web.place("restart")) == f"{prod}:3:5"
        assert services(files)["db"].value("restart") == "always"


def test_an_override_file_is_laid_over_whatever_it_says() -> None:
    files = {
        "compose.override.yml": "services: {web: {image: app:2, restart: 'no'}}\n",
        "compose.yml": "services: {web: {image: app:1, restart: always}}\n",
    }
    assert services(files)["web"].value("restart") == "no"


def test_files_of_other_folders_are_other_projects() -> None:
    found = seen(
        {
            "a/compose.yml": "services: {web: {image: x, restart: always}}\n",
            "b/compose.yml": "services: {web: {image: x}}\n",
        }
    )
    stated = [file.services[0].value("restart") for file in found.files if isinstance(file, ComposeFile)]
    assert stated == ["always", None]


def test_a_file_alone_that_says_not_what_it_runs_leaves_the_rest_open() -> None:
    web = services({"compose.prod.yml": OVER})["web"]
    assert web.value("restart") == "always"
    assert "compose.prod.yml:2:3: states neither `image` nor `build`" in reason(web.value("healthcheck"))


def test_where_it_is_open_what_is_merged_only_what_is_alike_is_known() -> None:
    files = {
        "compose.yml": "services: {web: {image: a, privileged: on, volumes: [a:/a], deploy: {mode: x}}}\n",
        "compose.prod.yml": "services: {web: {image: b, privileged: on, volumes: [a:/a], restart: always}}\n",
    }
    web = services(files)["web"]
    assert web.flag("privileged") is True
    assert "compose.yml, compose.prod.yml differ here" in reason(web.value("restart"))
    assert "differ" in reason(web.value("deploy", "mode"))
    assert web.value("user") is None
    known, rest = web.value("volumes")
    assert known == "a:/a"
    assert "differ" in reason(rest)


def test_several_laid_over_one() -> None:
    files = {
        "compose.yml": "services: {web: {image: a}}\n",
        "compose.dev.yml": "services: {web: {restart: 'no', user: me}}\n",
        "compose.prod.yml": "services: {web: {restart: always, user: me}}\n",
    }
    web = services(files)["web"]
    assert web.value("user") == "me"
    assert "differ" in reason(web.value("restart"))
    del files["compose.yml"]
    assert "differ" in reason(services(files)["web"].value("restart"))


def test_long_lists_are_not_compared() -> None:
    long = "[" + ", ".join(f"v{n}:/v{n}" for n in range(1200)) + "]"
    files = {
        "compose.yml": f"services: {{web: {{image: a, volumes: {long}}}}}\n",
        "compose.prod.yml": "services: {web: {image: a, volumes: [a:/a]}}\n",
    }
    assert "differ" in reason(services(files)["web"].value("volumes"))


# tags


def test_what_is_reset_or_overridden_is() -> None:
    web = services(
        {
            "compose.yml": (
                "services: {web: {image: a, restart: always, ports: [1, 2], labels: {a: b}, dns: [x],"
                " environment: {A: '${A:-1}', B: x}}}\n"
            ),
            "compose.prod.yml": (
                "services: {web: {restart: !reset null, ports: !override [3], labels: !reset {},"
                " dns: [!reset y, z], environment: !override {A: 2}}}\n"
            ),
        }
    )["web"]
    assert web.spec == {"image": "a", "ports": [3], "dns": ["x", "z"], "environment": {"A": 2}}


def test_an_override_still_takes_what_comes_later() -> None:
    files = {
        "compose.yml": (
            "services: {a: {image: x, ports: !override [1], dns: !reset []}, web: {extends: a, ports: [2]}}\n"
        )
    }
    assert services(files)["web"].spec == {"image": "x", "ports": [1, 2]}
    files["compose.yml"] = files["compose.yml"].replace("ports: [2]", "dns: [2], ports: !reset []")
    assert services(files)["web"].spec == {"image": "x", "dns": [2]}


@pytest.mark.parametrize("text", ["services: !override {web: {}}\n", "services: {web: !reset null}\n"])
def test_tags_on_services_are_not_followed(text: str) -> None:
    found = seen({"compose.yml": text})
    assert "a tag" in found.unseen[0].reason


# scalars


@pytest.mark.parametrize(
    "word", ["true", "True", "'true'", "'TRUE'", "yes", "on", "y", "'1'", "${P:-true}", "${P-on}"]
)
def test_what_compose_casts_to_true(word: str) -> None:
    assert (
        services(f"services:\n  web:\n    image: a\n    privileged: {word}\n")["web"].flag("privileged")
        is True
    )


@pytest.mark.parametrize("word", ["false", "'false'", "'No'", "off", "n", "'0'", "${P:-false}", "null"])
def test_what_compose_casts_to_false(word: str) -> None:
    assert (
        services(f"services:\n  web:\n    image: a\n    privileged: {word}\n")["web"].flag("privileged")
        is False
    )


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("${P}", "variable P has no default"),
        ("maybe", "no boolean"),
        ("1", "no boolean"),
        ("''", "no boolean"),
    ],
)
def test_what_is_neither(word: str, words: str) -> None:
    web = services(f"services:\n  web:\n    image: a\n    privileged: {word}\n")["web"]
    value = web.flag("privileged")
    assert words in reason(value)
    assert isinstance(value, Unresolved)
    assert web.why(value, "privileged").startswith("compose.yml:4:5: web.privileged cannot be told: ")


def test_a_reference_in_a_file_that_cannot_be_read_is_not_followed() -> None:
    assert with_parts(ComposeFile, [("compose.yml", "include: [")], {}.get) == (
        ("compose.yml", "include: ["),
    )
