"""Twenty planted secrets, sent, echoed, failed with and printed: none is in any output, in any encoding."""

import base64
import json
import re
import sys
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Shop, Site

#: characters that some encodings change
SECRETS = {
    f"SHOP_SECRET_{n:02}": f'p{n:02}-w0rd/+{n * 7919:06}é&"={n}' if n % 2 else f"token{n:02}Zq{n * 104729}xY"
    for n in range(20)
}

CHECKS = """
import logging, os, sys, warnings
import pytest

NAMES = sorted(name for name in os.environ if name.startswith("SHOP_SECRET_"))

@pytest.mark.claim("OWN-1")
@pytest.mark.parametrize("name", NAMES)
def test_shows_everything(http, name, record_property):
    secret = os.environ[name]
    local = {"secret": secret, "wrapped": [secret, secret.encode()]}
    print("printed", secret)
    print("wrong", secret, file=sys.stderr)
    logging.getLogger("team").warning("logged %s", secret)
    warnings.warn(f"warned of {secret}")
    record_property("seen", f"recorded {secret}")
    answer = http.get(f"/echo/{name[-2:]}", account=f"a{name[-2:]}")
    assert answer.text == "nothing of " + secret, f"failed with {secret}"

@pytest.mark.claim("OWN-1")
def test_skips():
    pytest.skip("skipped for " + os.environ[NAMES[0]])

@pytest.mark.claim("OWN-1")
@pytest.mark.xfail(reason="expected because of " + os.environ[NAMES[2]])
def test_fails_as_expected():
    raise ValueError(os.environ[NAMES[2]])

@pytest.fixture
def broken(request):
    yield
    raise RuntimeError("torn down with " + os.environ[NAMES[3]])

@pytest.mark.claim("OWN-1")
def test_teardown(broken): ...
"""


def account(number: int) -> dict[str, object]:
    name = f"$SHOP_SECRET_{number:02}"
    # a header holds Latin-1 at most, so every kind meets every shape of secret
    kinds: tuple[dict[str, object], ...] = (
        {"bearer": name},
        {"basic": {"user": "shop", "password": name}},
        {"header": {"name": "X-Key", "value": name}},
    )
    return kinds[number % 3]


def plant(shop: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a contract whose every account is refused by an endpoint that echoes, and failing tests."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    numbers = range(len(SECRETS))
    shop.contract(
        {
            "OWN-1": {"says": "own", "at": "docs"},
            **{
                f"S-{n:02}": {
                    "says": "echoes",
                    "at": "docs",
                    "rule": "endpoint/answers",
                    "with": {"endpoint": f"e{n:02}"},
                }
                for n in numbers
            },
        },
        accounts={f"a{n:02}": account(n) for n in numbers},
        endpoints={
            f"e{n:02}": {
                "path": f"/echo/{n:02}",
                "account": f"a{n:02}",
                "expect": 302,
                "json": {"sent": "integer"},
            }
            for n in numbers
        },
        tests=["checks"],
    )
    shop.write("checks/test_shows.py", CHECKS)


def forms_of(secret: str) -> set[str]:
    """Return a secret as programs write it."""
    raw = secret.encode()
    return {
        secret,
        urllib.parse.quote(secret, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        raw.hex(),
        secret.replace("&", "&amp;").replace('"', "&quot;"),
    }


def leaks(texts: dict[str, str]) -> list[str]:
    """Return where which secret stands."""
    return [
        f"{name} in {where}: …{text[max(0, at - 60) : at + len(form) + 20]}…"
        for where, text in texts.items()
        for name, secret in SECRETS.items()
        for form in forms_of(secret)
        if (at := text.find(form)) >= 0
    ]


def written(shop: "Shop", printed: str) -> dict[str, str]:
    """Return everything that a run put out."""
    files = [*(shop.path / "reports").iterdir(), *shop.path.glob("*.xml")]
    return {"terminal": printed, **{path.name: path.read_text() for path in files}}


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])
def test_no_secret_in_any_output(
    shop: "Shop", site: "Site", monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    plant(shop, monkeypatch)
    more = ("-l", "-rA", "-vv", "--durations=0", "--tb=long", "--junitxml=j.xml", "-o", "junit_logging=all")
    ran = shop.pytest("--env=staging", *more, *arguments)
    assert ran.code == 1, ran.text
    sent = "\n".join(str(one.headers) for one in site.asked if one.path.startswith("/echo"))
    basic = base64.b64encode(f"shop:{SECRETS['SHOP_SECRET_04']}".encode()).decode()
    assert SECRETS["SHOP_SECRET_00"] in sent, "the secrets really were sent"
    assert basic in sent
    outputs = written(shop, ran.text)
    assert {"terminal", "verdict.json", "summary.md", "run.json", "j.xml"} <= outputs.keys()
    assert leaks(outputs) == []
    assert basic not in "".join(outputs.values())
    assert len(re.findall(r"\*\*\*SHOP_SECRET_\d\d\*\*\*", outputs["terminal"])) > 20, (
        "they were there to be found"
    )
    assert "printed ***SHOP_SECRET_00***" in outputs["j.xml"]
    assert "logged ***SHOP_SECRET_01***" in outputs["terminal"]


WAYS_OUT = {
    "not captured": ("-s",),
    "copied": ("--capture=tee-sys",),
    "live logs": ("--log-cli-level=DEBUG", "-o", "log_cli=true"),
    "live logs, not captured": ("-s", "--log-cli-level=DEBUG"),
    "a log file": ("--log-file=log.xml", "--log-file-level=DEBUG"),
    "a log file of workers": ("--log-file=log.xml", "--log-file-level=DEBUG", "-n1"),
}
LOUD = """
import logging, os, sys
import pytest

NAMES = sorted(name for name in os.environ if name.startswith("SHOP_SECRET_"))

@pytest.mark.claim("OWN-1")
@pytest.mark.parametrize("name", NAMES)
def test_is_loud(name, capsys):
    secret = os.environ[name]
    logging.getLogger("team").debug("logged %s", secret)
    with capsys.disabled():
        print("past the capture", secret)
    print("printed", secret)
    print("wrong", secret, file=sys.stderr)
    for character in secret:
        sys.stdout.write(character)
    print()
    sys.stdout.buffer.write(b"bytes " + secret.encode() + b"\\n")
    sys.stdout.writelines(["a line of ", secret, "\\n"])
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("team").exception("it failed")
"""
CAPTURED_PLAINLY = LOUD.replace("(name, capsys)", "(name)").replace(
    '    with capsys.disabled():\n        print("past the capture", secret)\n', ""
)


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_secret_past_the_reports(shop: "Shop", monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    plant(shop, monkeypatch)
    loud = CAPTURED_PLAINLY if way in {"not captured", "copied", "live logs, not captured"} else LOUD
    shop.write("checks/test_shows.py", loud)
    ran = shop.pytest("--env=staging", "-rA", *WAYS_OUT[way])
    assert ran.code == 1, ran.text
    outputs = written(shop, ran.text)
    assert leaks(outputs) == []
    assert outputs["terminal"].count("***SHOP_SECRET_") > 20, "they were there to be found"
    where = outputs["log.xml" if "log file" in way else "terminal"]
    if way not in {"not captured", "copied"}:
        assert where.count("logged ***SHOP_SECRET_00***") >= 1
    if loud is CAPTURED_PLAINLY:
        assert "printed ***SHOP_SECRET_00***\n" in where
        assert "bytes ***SHOP_SECRET_00***\n" in where
        assert "a line of ***SHOP_SECRET_00***\n" in where
        assert "wrong ***SHOP_SECRET_00***\n" in where
    elif "-n1" not in WAYS_OUT[way]:
        assert "past the capture ***SHOP_SECRET_00***\n" in outputs["terminal"]


@pytest.mark.parametrize("capture", ["no", "sys", "fd", "tee-sys"])
def test_the_streams_are_put_back(shop: "Shop", monkeypatch: pytest.MonkeyPatch, capture: str) -> None:
    """Whoever calls ``pytest.main`` prints on as before, and what was not flushed is not lost."""
    plant(shop, monkeypatch)
    shop.write("checks/test_shows.py", "")
    shop.write(
        "main.py",
        "import os, sys, pytest\nstreams = sys.stdout, sys.stderr\n"
        "class Plugin:\n    def pytest_unconfigure(self):\n"
        "        print('unfinished', os.environ['SHOP_SECRET_01'], end='')\n"
        f"pytest.main(['--env=staging', '--capture={capture}', '-pno:cacheprovider'], plugins=[Plugin()])\n"
        "assert (sys.stdout, sys.stderr) == streams\nprint()\nprint('afterwards')\n",
    )
    ran = shop.command(sys.executable, "main.py")
    assert ran.code == 0, ran.text
    assert "unfinished ***SHOP_SECRET_01***\nafterwards" in ran.out
    assert leaks({"terminal": ran.text}) == []


BREAKS = {
    "internal error": (
        "def pytest_runtest_logreport(report):\n    import os\n"
        "    raise RuntimeError('internal ' + os.environ['SHOP_SECRET_01'])\n"
    ),
    "internal error of a worker": (
        "import pytest\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_protocol(item):\n    import os\n"
        "    secret = os.environ['SHOP_SECRET_01']\n    yield\n    raise RuntimeError('internal ' + secret)\n"
    ),
    "a conftest of the tests": "import os\nraise RuntimeError('imported ' + os.environ['SHOP_SECRET_01'])\n",
}


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])
@pytest.mark.parametrize("what", BREAKS)
def test_no_secret_in_what_breaks(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch, what: str, arguments: tuple[str, ...]
) -> None:
    plant(shop, monkeypatch)
    shop.write("checks/conftest.py" if "tests" in what else "conftest.py", BREAKS[what])
    ran = shop.pytest("--env=staging", "--full-trace", "--showlocals", *arguments)
    assert ran.code not in {0, 1}, ran.text
    assert leaks({"terminal": ran.text}) == []
    assert "RuntimeError" in ran.text


def test_no_secret_where_a_test_file_cannot_be_imported(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(shop, monkeypatch)
    shop.write(
        "checks/test_bad.py",
        "import os\nsecret = os.environ['SHOP_SECRET_02']\nassert secret == 'x', secret\n",
    )
    ran = shop.pytest("--env=staging", "-l", "--junitxml=j.xml")
    assert ran.code == pytest.ExitCode.INTERRUPTED, ran.text
    assert leaks({"terminal": ran.text, "junit": (shop.path / "j.xml").read_text()}) == []
    assert "***SHOP_SECRET_02***" in ran.text
    assert not (shop.path / "reports").exists()


def test_no_secret_in_the_traceback_of_an_interrupt(shop: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    plant(shop, monkeypatch)
    shop.write(
        "checks/test_a.py",
        "import os, pytest\ndef stop(secret):\n    raise KeyboardInterrupt('stopped ' + secret)\n"
        "@pytest.mark.claim('OWN-1')\ndef test_stop():\n    stop(os.environ['SHOP_SECRET_01'])\n",
    )
    ran = shop.pytest("--env=staging", "--full-trace", "-l", "checks/test_a.py")
    assert ran.code == pytest.ExitCode.INTERRUPTED, ran.text
    assert leaks(written(shop, ran.text)) == []
    assert "***SHOP_SECRET_01***" in ran.text


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])
@pytest.mark.parametrize("kind", ["bearer", "basic", "header"])
def test_a_secret_of_several_words(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch, kind: str, arguments: tuple[str, ...]
) -> None:
    """Its last word alone is too short to be a secret; workers are handed it whole."""
    monkeypatch.setenv("WORDS", "correct horse battery st")
    accounts = {
        "bearer": {"bearer": "$WORDS"},
        "basic": {"basic": {"user": "shop", "password": "$WORDS"}},
        "header": {"header": {"name": "X-Key", "value": "$WORDS"}},
    }
    claim = {"says": "s", "at": "d", "rule": "endpoint/answers", "with": {"endpoint": "health"}}
    shop.contract(
        {"OWN-1": {"says": "own", "at": "docs"}, "OK": claim},
        accounts={"a": accounts[kind]},
        endpoints={"health": {"path": "/health", "account": "a"}},
        tests=["checks"],
    )
    shop.write(
        "checks/test_shows.py",
        "import os, pytest\n@pytest.mark.claim('OWN-1')\ndef test_shows(http):\n"
        "    assert http.get('/echo/1', account='a').text == '', os.environ['WORDS']\n",
    )
    ran = shop.pytest("--env=staging", *arguments)
    assert "ValueError" not in ran.text
    assert "1 failed, 4 passed" in ran.text
    assert "***WORDS***" in ran.text
    assert not [form for form in ("horse battery", "horse%20battery") if form in ran.text]


def test_the_private_folder_of_a_run_is_gone(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    plant(shop, monkeypatch)
    shop.pytest("--env=staging", "-n", "2", "-q")
    assert [path.name for path in temporary.iterdir() if "deploy-verify" in path.name] == []
    left = {str(path): path.read_text(errors="replace") for path in Path.home().rglob("*") if path.is_file()}
    assert leaks(left) == []


def parts(outputs: dict[str, str], secrets: dict[str, str]) -> list[str]:
    """Return where six characters in a row of a secret stand, in each of four encodings."""
    return sorted(
        {
            f"{name} in {where}: {text[max(0, text.find(form[at : at + 6]) - 80) :][:120]}"
            for where, text in outputs.items()
            for name, secret in secrets.items()
            for form in (
                secret,
                urllib.parse.quote(secret, safe=""),
                base64.b64encode(secret.encode()).decode().rstrip("="),
                json.dumps(secret)[1:-1],
            )
            for at in range(len(form) - 5)
            if form[at : at + 6] in text
        }
    )


CUTTING = """
import os
import pytest

NAMES = sorted(name for name in os.environ if name.startswith("SHOP_SECRET_"))

@pytest.mark.claim("OWN-1")
@pytest.mark.parametrize("name", NAMES)
def test_is_too_long_for_pytest(name):
    local = "y" * 110 + os.environ[name] + "z" * 200
    other = "y" * 200 + os.environ[name] + "z" * 110
    assert [local] == [other]
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])
def test_no_part_of_a_secret_where_something_was_cut(
    shop: "Shop", site: "Site", monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    numbers = range(len(SECRETS))
    # nothing that other words and numbers have in common with them
    letters = str.maketrans("0123456789", "QWXZJKVBGP")
    secrets = {
        name: (
            f"{n:02}q{n * 7919:05}/{n * 104729:07}+Zé&" if n % 2 else f"{n:02}w{n * 15485863:09}xj"
        ).translate(letters)
        for n, name in enumerate(SECRETS)
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    kinds = ("raw", "url", "base64", "json")
    shop.contract(
        {
            "OWN-1": {"says": "own", "at": "docs"},
            **{
                f"S-{n:02}": {
                    "says": "repeats",
                    "at": "docs",
                    "rule": "endpoint/answers",
                    "with": {"endpoint": f"e{n:02}"},
                }
                for n in numbers
            },
        },
        accounts={
            f"a{n:02}": {"header": {"name": "X-Key", "value": f"$SHOP_SECRET_{n:02}"}} for n in numbers
        },
        endpoints={
            f"e{n:02}": {
                "path": f"/long/{n:02}",
                "account": f"a{n:02}",
                "json": dict.fromkeys(kinds, "integer"),
            }
            for n in numbers
        },
        tests=["checks"],
    )
    shop.write("checks/test_long.py", CUTTING)
    more = ("-l", "-rA", "--junitxml=j.xml", "-o", "junit_logging=all")
    ran = shop.pytest("--env=staging", *more, *arguments)
    assert ran.code == 1, ran.text
    assert site.count("/long/00") == 1
    outputs = written(shop, ran.text)
    assert parts(outputs, secrets) == []
    for where in ("terminal", "verdict.json", "j.xml"):
        cut = re.findall(r"\*\*\*SHOP_SECRET_\d\d\*\*\*…", outputs[where])
        assert len(set(cut)) == len(secrets), f"they were cut, and told in {where}"
    assert re.search(r"\*\*\*SHOP_SECRET_\d\d\*\*\*\.\.\.", outputs["terminal"]), "by pytest too"


UNUSED = {
    "pipeline": {"repository": "team/shop", "token": "$SHOP_TOKEN"},
    "backups": {
        "database": {"engine": "postgresql", "store": "kept", "recipient": "age1", "key": "$SHOP_KEY"}
    },
}
SHOWN = {"SHOP_TOKEN": "ghp_VerySecretToken123456", "SHOP_KEY": "AGE-SECRET-KEY-0123456789"}


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])
@pytest.mark.parametrize("where", ["in a test", "while it is imported"])
def test_no_secret_that_no_claim_of_this_run_needs(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch, where: str, arguments: tuple[str, ...]
) -> None:
    for name, value in SHOWN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SHOP_DSN", "postgresql://shop:Geheim-Wort-77@db.example/shop")
    live = {
        "url": "https://live.example",
        "gate": ["smoke"],
        "backups": {"database": {"source": "$SHOP_DSN"}},
    }
    shop.contract(
        {"OWN-1": {"says": "own", "at": "docs"}}, tests=["checks"], environments={"live": live}, **UNUSED
    )
    test = (
        "@pytest.mark.claim('OWN-1')\ndef test_a():\n"
        "    for name in ('SHOP_TOKEN', 'SHOP_KEY', 'SHOP_DSN'):\n"
        "        print(os.environ[name])\n    raise ValueError(os.environ)\n"
    )
    imported = "raise RuntimeError(' '.join(os.environ.values()))\n"
    shop.write("checks/test_a.py", "import os, pytest\n" + (test if where == "in a test" else imported))
    ran = shop.pytest("--env=staging", "-l", "--junitxml=j.xml", *arguments)
    assert ran.code in {1, 2}, ran.text
    text = ran.text + (shop.path / "j.xml").read_text()
    assert [value for value in (*SHOWN.values(), "Geheim-Wort-77") if value in text] == []
    assert "***SHOP_TOKEN***" in text


def test_no_password_of_an_address_that_nobody_can_read(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DSN", "postgresql://shop:Geheim℀Wort77@127.0.0.1:1/shop")
    staging = {"gate": ["backup"], "backups": {"database": {"source": "$SHOP_DSN"}}}
    restores = {"says": "s", "at": "d", "rule": "backup/restores", "with": {"backup": "database"}}
    backups = {"database": {"engine": "postgresql", "store": "kept"}}
    shop.contract({"SHOP-9": restores}, staging=staging, backups=backups)
    ran = shop.pytest("--env=staging", "--allow-destructive=staging", "--claim=SHOP-9")
    assert parts({"terminal": ran.text}, {"SHOP_DSN": "Geheim℀Wort77"}) == []
    assert "SHOP-9" in ran.out, "it is judged"


IN_NAMES = """
import os
import pytest

VALUES = [os.environ[name] for name in sorted(os.environ) if name.startswith("SHOP_SECRET_")]

@pytest.mark.claim("OWN-1")
@pytest.mark.parametrize("value", [*VALUES, "plain"])
def test_a(value, tmp_path):
    assert value == "plain"

@pytest.mark.claim("OWN-1")
@pytest.mark.parametrize("where", ["password=first", "password=second"])
def test_b(where):
    assert where == "password=second"
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "workers"])
def test_no_secret_in_the_name_of_a_test(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    plant(shop, monkeypatch)
    shop.write("checks/test_shows.py", IN_NAMES)
    more = ("-v", "-rA", "--junitxml=j.xml", "--durations=0", "--claim=OWN-1", "-p", "cacheprovider")
    ran = shop.pytest("--env=staging", *more, *arguments, quiet=())
    assert ran.code == 1, ran.text
    assert "21 failed, 2 passed" in ran.out, "each has a name of its own"
    cached = {
        str(path): path.read_text() for path in (shop.path / ".pytest_cache").rglob("*") if path.is_file()
    }
    assert any("***SHOP_SECRET_00***" in text for text in cached.values())
    outputs = {**written(shop, ran.text), **cached}
    assert leaks(outputs) == []
    assert "token00Zq0xY" not in re.sub(r"\W", "", "".join(outputs.values())), (
        "nor in a temporary folder's name"
    )
    for where in ("terminal", "j.xml"):
        assert "test_a[***SHOP_SECRET_00***]" in outputs[where]
        assert "test_a[plain]" in outputs[where]
        assert "test_b[password=***-2]" in outputs[where]
    again = shop.pytest("--env=staging", "--lf", "--claim=OWN-1", "-p", "cacheprovider", quiet=())
    assert "21 failed" in again.out, "what failed is found again"


SKIPPING = """
import os
import pytest

@pytest.mark.claim("OWN-1")
@pytest.mark.parametrize("number", range(3))
def test_compares(number):
    before = "https://shop.example/some/long/path/of/it?key="
    after = "&some=other&long=query&of=the&same=address"
    token = os.environ["SHOP_TOKEN"]
    assert [before + token + "1", "2" + token + after, "same"][number] == [
        before + token + "3", "4" + token + after, "other"][number]
"""


def test_no_part_of_a_secret_where_pytest_leaves_out_what_is_alike(
    shop: "Shop", monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "ghp_VerySecretToken123456"
    monkeypatch.setenv("SHOP_TOKEN", secret)
    shop.contract(
        {"OWN-1": {"says": "own", "at": "docs"}}, tests=["checks"], accounts={"a": {"bearer": "$SHOP_TOKEN"}}
    )
    shop.write("checks/test_a.py", SKIPPING)
    ran = shop.pytest("--env=staging", "--claim=OWN-1", "--junitxml=j.xml")
    assert "3 failed" in ran.out, ran.text
    assert "identical leading characters" in ran.out
    assert parts(written(shop, ran.text), {"SHOP_TOKEN": secret}) == []
    assert "- …***SHOP_TOKEN***3" in ran.out
    # the oldest pytest shows the end
    assert ("+ 2***SHOP_TOKEN***…" in ran.out) is ("identical trailing characters" in ran.out)
    assert "+ same" in ran.out
