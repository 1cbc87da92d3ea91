"""No secret in any output, in whatever form and place it came."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from verify.effects.redact import Redactor
from verify.facts.compose import ComposeFile
from verify.facts.files import Files, FilesSeen
from verify.facts.http import Exchange, Get, Part
from verify.model.finding import Finding, Seen, Unknown
from verify.model.need import Unseen
from verify.model.place import Place
from verify.model.verdict import Outcome, Waiver
from verify.report.write import lines, properties, write_all
from verify.run.record import Run

SECRETS = {
    "PASSWORD": "correct-horse-battery",
    "TOKEN": "ghp_0123456789abcdefABCDEF",
    "SLASHES": "wJalr/XUtnFEMI/K7MDENG+bPx=",
    "QUOTES": 'pa"ss\\wo"rd',
    "APOSTROPHE": "o'neil's key!",
    "SPACES": "pass phrase of words",
    "UMLAUT": "pässwörter-geheim",
    "JAPANESE": "秘密の合言葉です",
    "PERCENT": "100%sure&certain",
    "HTML": "<secret>&co;",
    "PIPES": "a|b|c|secret",
    "TICKS": "tick`tock`tick",
    "DOLLAR": "$ecret$$tuff",
    "AT": "user@host.secret",
    "HASH": "#sharp#secret#1",
    "STARS": "st*rs_and_under_",
    "BRACKETS": "[secret](link)x",
    "NUMBER": "918273645546372",
    "UUID": "5f0c9c2e-7a55-4d5e-9b0a-0d2f9f1f2a3b",
    "KEY": "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIB\n-----END KEY-----",
}


def _raw(value: str) -> str:
    return value


def _url(value: str) -> str:
    return quote(value, safe="")


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _json(value: str) -> str:
    return json.dumps(value)[1:-1]


ENCODINGS: tuple[Callable[[str], str], ...] = (_raw, _url, _base64, _json)


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    for name, value in SECRETS.items():
        made.add(name, value)
    return made


def _planted(write: Callable[[str], str]) -> Iterator[str]:
    for value in SECRETS.values():
        yield write(value)


def _run(make_run: Callable, make_row: Callable, texts: list[str]) -> Run:
    """Plant each text in every place that a report shows."""
    rows, answers = [], {}
    for number, text in enumerate(texts):
        findings = (
            Finding(f"GET https://x.example/?q={text}", f"said {text}", text, f"<{text}>", f"remove {text}"),
            Finding(Place(f"conf/{text}.yml", 1, 1), "wrong"),
        )
        waiver = Waiver(
            claim="C", until="2027-01-31", owner=text, reason=text, expired=True, place=Place(text, 1)
        )
        rows.append(
            make_row(
                f"C-{number}",
                Outcome.VIOLATED,
                says=f"promises {text}",
                at=text,
                findings=findings,
                unknowns=(Unknown(f"because {text}"),),
                seen=(Seen(text, text, text), Seen(text.encode()), Seen((text,))),
                waiver=waiver,
                verdict_reason=f"stopped: {text}",
                left_out=(f"x was not run: {text}", text),
                reason=text,
                place=Place(f"{text}/verify.yaml", 3),
            )
        )
        answers[Get(path=f"/{number}", headers=(("X-Key", text),))] = Exchange(
            status=200,
            url=f"https://x.example/{text}",
            headers=(("Set-Cookie", f"sid={text}; Secure"), ("X-Echo", text)),
            body=f'{{"echo": "{text}"}}'.encode(),
            sent=(("Authorization", f"Bearer {text}"),),
        )
        answers[Get(path=f"/binary/{number}")] = Exchange(status=200, body=b"\xff\xfe" + text.encode())
        answers[Get(path=f"/unseen/{number}")] = Unseen(f"refused: {text}")
    sources = tuple(
        (f"compose.{n}.yml", f"services: {{a: {{image: '{text}'}}}}") for n, text in enumerate(texts)
    )
    answers[Files(ComposeFile)] = FilesSeen.of(ComposeFile, sources, (Unseen(texts[0]),))
    text = " ".join(texts)
    return make_run(
        *rows, answers=answers, system=text, contract=text, url=f"https://{text}/", environment=text
    )


def _outputs(run: Run, folder: Path, redactor: Redactor) -> dict[str, str]:
    outputs = {path.name: path.read_text() for path in write_all(run, folder, redactor)}
    outputs["table"] = "\n".join(lines(run, redactor, width=200, most=100))
    outputs["narrow table"] = "\n".join(lines(run, redactor, encoding="ascii", most=100))
    outputs["properties"] = repr([properties(row, redactor) for row in run.rows])
    # what a reader gets who decodes the file
    return outputs | {
        f"{name} decoded": repr(json.loads(text)) for name, text in outputs.items() if name.endswith("json")
    }


@pytest.mark.parametrize("write", ENCODINGS)
@pytest.mark.parametrize("shorten", [
    lambda text: f"{text[:-1]}…",
    lambda text: f"…{text[1:]}",
    lambda text: f"{text[: len(text) // 2]}...{text[-7:]}",
], ids=["end", "beginning", "middle"])  # fmt: skip
def test_no_output_holds_a_part_of_a_secret_that_was_cut(
    tmp_path: Path,
    make_run: Callable,
    make_row: Callable,
    redactor: Redactor,
    write: Callable[[str], str],
    shorten: Callable[[str], str],
) -> None:
    run = _run(make_run, make_row, [shorten(text) for text in _planted(write)])
    outputs = _outputs(run, tmp_path, redactor)
    hits = {
        (output, name, form[at : at + 6])
        for output, text in outputs.items()
        for name, value in SECRETS.items()
        for form in write(value).split("\n")
        for at in range(len(form) - 5)
        if not form.startswith("-----") and form[at : at + 6] in text
    }
    assert hits == set()
    assert "***PASSWORD***" in outputs["verdict.json"], "the place is still to be seen"


@pytest.mark.parametrize("write", ENCODINGS)
def test_no_output_holds_a_secret(
    tmp_path: Path, make_run: Callable, make_row: Callable, redactor: Redactor, write: Callable[[str], str]
) -> None:
    outputs = _outputs(_run(make_run, make_row, list(_planted(write))), tmp_path, redactor)
    hits = [
        (output, name, encode.__name__)
        for output, text in outputs.items()
        for name, value in SECRETS.items()
        for encode in ENCODINGS
        for form in (encode(value), *encode(value).split("\n"))
        if len(form) >= 6 and not form.startswith("-----") and form in text
    ]
    assert hits == []
    assert "***PASSWORD***" in outputs["verdict.json"], "the place is still to be seen"


def test_base64_in_the_evidence_hides_nothing(make_run: Callable, redactor: Redactor, tmp_path: Path) -> None:
    """A body that is no text is kept as base64: the secret is taken out before that."""
    values = list(SECRETS.values())
    answers = {
        Get(path=f"/{n}"): Exchange(status=200, body=b"\xff" + v.encode()) for n, v in enumerate(values)
    }
    write_all(make_run(answers=answers), tmp_path, redactor)
    document = json.loads((tmp_path / "run.json").read_text())
    bodies = [base64.b64decode(entry["fact"]["body"]["$base64"]) for entry in document["answers"]]
    assert len(bodies) == len(values)
    assert not any(value.encode() in body for value in values for body in bodies)


@pytest.mark.parametrize("before", [b"", b"\xff"], ids=["text", "binary"])
def test_the_end_of_a_body_that_was_not_read_whole_holds_no_part_of_a_secret(
    make_run: Callable, redactor: Redactor, tmp_path: Path, before: bytes
) -> None:
    half = before + b"it is ghp_0123456789abc"
    answers = {
        Get(path="/cut"): Exchange(status=200, body=Part(read=half, why="it was cut")),
        Get(path="/all"): Exchange(status=200, body=half),
    }
    write_all(make_run(answers=answers), tmp_path, redactor)
    document = json.loads((tmp_path / "run.json").read_text())
    found = {entry["need"]["fields"]["path"]: entry["fact"]["body"] for entry in document["answers"]}
    found["/cut"] = found["/cut"]["read"]
    bodies = {
        path: base64.b64decode(body["$base64"]) if before else body.encode() for path, body in found.items()
    }
    assert bodies == {"/cut": before + b"it is ***TOKEN***", "/all": half}
