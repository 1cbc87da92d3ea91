"""Rules are found by walking, imported when asked for, and complete or refused."""

import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from verify.contract.reference import ReferenceSpec
from verify.facts.compose import ComposeFile
from verify.facts.files import Files
from verify.facts.http import Get
from verify.judge.proof import ProofError, prove
from verify.judge.registry import ENTRY_POINTS, Registry, UnknownRuleError
from verify.judge.rule import RuleError
from verify.model.need import Effect

Make = Callable[..., Registry]
COMPLETE = "HOLDS = 'a'\nFAILS = 'b'\n"


def test_the_path_is_the_id_and_nothing_is_imported(rules: Make, answers: str) -> None:
    registry = rules({"some_family/a_rule": answers, "other/x": "raise SystemExit\n"})
    assert registry.ids == ("other/x", "some-family/a-rule")
    assert not [name for name in sys.modules if name.endswith(".a_rule")]
    assert registry.suite("other/x") == "smoke"


def test_a_rule_is_read_once(rules: Make, answers: str) -> None:
    registry = rules({"family/rule": answers})
    found = registry.get("family/rule")
    assert found is registry.get("family/rule")
    assert (found.id, found.suite, found.family, found.title) == (
        "family/rule",
        "smoke",
        "family",
        "A sample holds.",
    )
    assert found.source.endswith("family/rule.py")
    assert [(a.name, a.source) for a in found.arguments] == [("answer", "fact"), ("stated", "stated")]
    assert found.params is not None
    assert prove(found) == 2
    assert list(registry.all()) == [found]


@pytest.mark.parametrize(
    ("asked", "words"),
    [("family/rool", "did you mean 'family/rule'?"), ("zzzz/qqqqqqq", "see `deploy-verify rules`")],
)
def test_an_unknown_rule(rules: Make, answers: str, asked: str, words: str) -> None:
    with pytest.raises(UnknownRuleError, match=f"unknown rule '{asked}'") as caught:
        rules({"family/rule": answers}).get(asked)
    assert words in str(caught.value)


def test_two_packages_with_one_id(rules: Make, answers: str) -> None:
    first, second = rules({"family/rule": answers}), rules({"family/rule": answers})
    assert first._packages is not None
    assert second._packages is not None
    both = Registry((*first._packages, *second._packages))
    with pytest.raises(RuleError, match=r"rule family/rule: both .* define it"):
        assert both.ids


def test_other_packages_add_rules(rules: Make, answers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = rules({"theirs/rule": answers})
    assert registry._packages is not None
    point = importlib.metadata.EntryPoint("theirs", registry._packages[0], ENTRY_POINTS)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: {ENTRY_POINTS: [point]}[group])
    ids = Registry().ids
    assert "theirs/rule" in ids
    assert "redirect/https" in ids


def test_a_family_states_its_suite(rules: Make, answers: str) -> None:
    with pytest.raises(RuleError, match="SUITE"):
        rules({"family/rule": answers, "family": "SUITE = 3\n"}).get("family/rule")


RULE = "@rule(severity='error')\ndef check() -> Iterator[Seen]: yield\n"


def taking(arguments: str, before: str = "") -> str:
    return COMPLETE + before + RULE.replace("check()", f"check({arguments})")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a function `check` under @rule"),
        ("def check(): yield\n", "expected a function `check` under @rule"),
        (RULE, "HOLDS, a proof or a list of them; FAILS"),
        (COMPLETE + RULE.replace("error", "bad"), "severity 'bad': expected one of"),
        (taking("a"), "argument 'a' of check has no annotation"),
        (taking("a: 'Missing'"), "Missing"),
        (taking("a: P", "class P(Stated): ...\n"), "P is not a dataclass"),
        (taking("", "HOLDS = []\n"), "HOLDS"),
        (taking("", "FAILS = [3]\n"), "FAILS"),
        ("import nothing_of_that_name\n", "nothing_of_that_name"),
        ("def broken(:\n", "SyntaxError"),
        ("1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_what_is_incomplete_is_named(rules: Make, text: str, words: str) -> None:
    with pytest.raises(RuleError, match="family/rule") as caught:
        rules({"family/rule": text}).get("family/rule")
    assert words in str(caught.value)


@pytest.mark.parametrize("page", ["", "'''Only a title.'''\n", "'''Title.\n\nFix it.\n'''\n"])
def test_a_page_is_needed(rules: Make, page: str) -> None:
    text = f"{page}from verify.rules import *\n{COMPLETE}@rule(severity='error')\ndef check(): yield\n"
    with pytest.raises(RuleError, match="Fix: "):
        rules({"family/rule": text}, whole=True).get("family/rule")


def test_needs_name_every_fact(rules: Make, answers: str) -> None:
    found = rules({"family/rule": answers.replace('"answer": Get', '"anser": Get')}).get("family/rule")
    with pytest.raises(RuleError, match="needs\\(\\) has no 'answer'"):
        found.needs(found.holds[0].stated)


def test_what_a_rule_asks_for(rules: Make, answers: str, per_file: str) -> None:
    registry = rules({"family/live": answers, "family/file": per_file})
    live, file = registry.get("family/live"), registry.get("family/file")
    stated = live.holds[0].stated
    assert live.needs(stated) == {"answer": (Get(path="/"),)}
    assert (live.live(stated), live.effect(stated)) == (True, Effect.READS)
    assert file.needs(None) == {"compose": (Files(ComposeFile),)}
    assert (file.live(None), file.effect(None)) == (False, Effect.READS)
    assert file.file_argument is not None
    assert live.file_argument is None
    assert file.schema()["properties"] == {}


def test_a_rule_that_asks_for_nothing(rules: Make) -> None:
    text = f"{COMPLETE}@rule(severity='error')\ndef check() -> Iterator[Seen]:\n    yield Seen(1)\n"
    found = rules({"family/rule": text}).get("family/rule")
    assert found.needs(None) == {}
    assert found.effect(None) is Effect.READS
    assert [proof.files for proof in found.holds] == [{"file": "a"}]
    with pytest.raises(ProofError, match="FAILS"):
        prove(found)


def test_named_texts_are_a_proof(rules: Make, per_file: str) -> None:
    text = per_file.replace('FAILS = "', 'FAILS = {"compose.yml": "').replace('finding\\n"', 'finding\\n"}')
    found = rules({"family/rule": text}).get("family/rule")
    assert list(found.fails[0].files) == ["compose.yml"]
    assert prove(found) == 2


def test_a_fault_breaks_where_the_rule_says_so(rules: Make, answers: str) -> None:
    condition = """
    def breaks(fault, stated, reference):
        return stated.path == reference.health
    """
    plain = rules({"family/rule": answers}).get("family/rule")
    limited = rules({"family/rule": answers + condition}).get("family/rule")
    stated = plain.holds[0].stated
    reference = ReferenceSpec()
    assert plain.breaks("broken", stated, reference)
    assert not plain.breaks("another", stated, reference)
    assert not limited.breaks("broken", limited.holds[0].stated, reference)
    assert limited.breaks("broken", limited.holds[0].stated, reference.model_copy(update={"health": "/"}))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("status=200", "status=500", "HOLDS[0] came out violated, expected holds"),
        ("status=500", "status=299", "FAILS[0] came out inconclusive, expected violated; it said Unknown"),
        ("status=500", "status=297", "FAILS[0] came out inconclusive"),
        (
            "FAILS = [given(STATED, answer=",
            "FAILS = [given(STATED, other=",
            "['other'], which check does not ask for",
        ),
        (
            "FAILS = [given(STATED, answer=Exchange(status=500))]",
            "FAILS = [given(STATED)]",
            "never looked at",
        ),
    ],
)
def test_a_proof_that_shows_nothing_is_caught(
    rules: Make, answers: str, old: str, new: str, words: str
) -> None:
    assert old in answers
    found = rules({"family/rule": answers.replace(old, new, 1)}).get("family/rule")
    with pytest.raises(ProofError) as caught:
        prove(found)
    assert words in str(caught.value)


FORGETFUL = """
    @dataclass(frozen=True, kw_only=True)
    class Params(Stated):
        def needs(self):
            return {"seen": Get(path="/a")}
    STATED = Params()
    EMPTY = Exchange(status=200)
    HOLDS = given(STATED, seen=Described(document=EMPTY, operations=(Exchange(status=200, body=b"good"),)))
    FAILS = [
        given(STATED, seen=Described(document=EMPTY, operations=(Exchange(status=200, body=b"bad"),))),
        given(STATED, seen=Described(document=EMPTY, problems=("odd",))),
    ]
    @rule(severity="error")
    def check(seen: Described, stated: Params) -> Iterator[Finding | Seen]:
        yield Seen(1)
        for problem in seen.problems:
            yield Finding("here", problem)
        for answer in seen.operations:
            WRONG
"""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            'if "bad" in answer.shown: yield Finding("here", "bad")',
            "FAILS[0] unread came out holds, expected violated or inconclusive",
        ),
        (
            'if "good" not in answer.shown: yield Finding("here", "bad")',
            "HOLDS[0] unread came out violated, expected holds or inconclusive",
        ),
    ],
)
def test_a_rule_that_forgets_that_a_body_may_be_a_part_is_told(rules: Make, wrong: str, words: str) -> None:
    with pytest.raises(ProofError) as caught:
        prove(rules({"family/rule": FORGETFUL.replace("WRONG", wrong)}).get("family/rule"))
    assert words in str(caught.value)


def test_a_rule_that_remembers_it_is_proven(rules: Make) -> None:
    good = 'if "bad" in answer.text: yield Finding("here", "bad")'
    assert prove(rules({"family/rule": FORGETFUL.replace("WRONG", good)}).get("family/rule")) == 3


def test_findings_stand_on_the_marked_lines(rules: Make, per_file: str) -> None:
    moved = per_file.replace("services:\\n  web: {}  # finding", "services:  # finding\\n  web: {}")
    with pytest.raises(ProofError, match=r"names \[\('.*', 2\)\], marked are \[\('.*', 1\)\]"):
        prove(rules({"family/rule": moved}).get("family/rule"))


def test_several_needs_take_several_facts(rules: Make) -> None:
    text = """
    @dataclass(frozen=True, kw_only=True)
    class Params(Stated):
        def needs(self):
            return {"answers": (Get(path="/a"), Get(path="/b"))}
    STATED = Params()
    HOLDS = [
        given(STATED, answers=(Exchange(status=1), Exchange(status=2))),
        given(STATED, answers=Exchange(status=1)),
    ]
    FAILS = given(STATED, answers=(Exchange(status=2), Exchange(status=1)))
    @rule(severity="error")
    def check(answers: tuple[Exchange, ...], stated: Params) -> Iterator[Finding | Seen]:
        yield Seen(1)
        if answers[0].status > answers[1].status:
            yield Finding("here", "wrong order")
    """
    assert prove(rules({"family/rule": text}).get("family/rule")) == 3


def test_a_module_beside_the_families_is_no_family(rules: Make, answers: str, tmp_path: Path) -> None:
    registry = rules({"family/rule": answers})
    assert registry._packages is not None
    root = tmp_path / registry._packages[0]
    (root / "helper.py").write_text("1 / 0\n")
    (root / "family" / "deeper").mkdir()
    (root / "family" / "deeper" / "__init__.py").write_text("1 / 0\n")
    assert registry.ids == ("family/rule",)
