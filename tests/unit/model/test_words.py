"""The small values: what they show, and what they refuse."""

from dataclasses import FrozenInstanceError

import pytest

from verify.facts.http import Get
from verify.model.finding import Finding, Nothing, Seen, Unknown
from verify.model.need import Effect, Need
from verify.model.place import Place
from verify.model.rule import Stated, given, rule
from verify.model.units import Duration, Rate, seconds
from verify.model.verdict import Waiver


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("a.yml"), "a.yml"),
        (Place("a.yml", 3), "a.yml:3"),
        (Place("a.yml", 3, 5), "a.yml:3:5"),
        (Place("a.yml", 0, 5), "a.yml"),
    ],
)
def test_a_place(place: Place, text: str) -> None:
    assert str(place) == text


def test_places_are_sorted_as_a_file_is_read() -> None:
    places = [Place("b", 1), Place("a", 10, 1), Place("a", 9, 9), Place("a", 10)]
    assert sorted(places) == [Place("a", 9, 9), Place("a", 10), Place("a", 10, 1), Place("b", 1)]


@pytest.mark.parametrize(
    ("seen", "margin"),
    [
        (Seen(0.5, limit=1.0), 0.5),
        (Seen(1.5, limit=1.0), -0.5),
        (Seen(1.5, limit=1.0, better="higher"), 0.5),
        (Seen(seconds(1), limit=seconds(4)), 0.75),
        (Seen(3), None),
        (Seen("a", limit=3), None),
        (Seen(3, limit="a"), None),
        (Seen(value=True, limit=1), None),
        (Seen(1, limit=True), None),
        (Seen(1, limit=0), None),
    ],
)
def test_the_margin_is_the_share_that_is_left(seen: Seen, margin: float | None) -> None:
    assert seen.margin == margin


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (Seen(3), "3"),
        (Seen(3, what="refused"), "refused 3"),
        (Seen(Duration(0.5), limit=Duration(1), what="in"), "in 500ms (≤ 1s)"),
        (Seen(Rate(2), limit=Rate(1), better="higher"), "2/s (≥ 1/s)"),
    ],
)
def test_a_seen_value_reads_well(seen: Seen, text: str) -> None:
    assert str(seen) == text


def test_a_finding_keeps_texts() -> None:
    found = Finding("here", "wrong", stated=seconds(1), seen=3)  # type: ignore[arg-type] # rules may give any value
    assert (found.stated, found.seen) == ("1s", "3")


@pytest.mark.parametrize("value", [Finding("a", "b"), Unknown("a"), Nothing("a"), Seen(1), Place("a")])
def test_what_was_said_stays_said(value: object) -> None:
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        setattr(value, next(iter(type(value).__dataclass_fields__)), "b")  # type: ignore[attr-defined] # all are dataclasses


def test_effects_are_ordered_and_named() -> None:
    assert Effect.READS < Effect.CONSUMES < Effect.DESTROYS
    assert [effect.label for effect in Effect] == ["reads", "consumes", "destroys"]


def test_equal_needs_are_one() -> None:
    needs: set[Need] = {Get(path="/"), Get(path="/"), Get(path="/", method="HEAD")}
    assert len(needs) == 2


def test_a_rule_states_a_known_severity() -> None:
    with pytest.raises(ValueError, match="severity 'fatal': expected one of blocker, error, warning"):
        rule(severity="fatal")  # type: ignore[arg-type] # the subject


def test_proofs_and_parameters_without_anything() -> None:
    assert Stated().needs() == {}
    assert given().stated is None
    assert given(files={"a": "b"}, fact=1).facts == {"fact": 1}


def test_a_waiver_says_who_accepts_what_until_when() -> None:
    waiver = Waiver(
        claim="C-1",
        until="2030-06-30",
        owner="ops",
        reason="later",
        expired=False,
        place=Place("verify.yaml", 3, 1),
    )
    assert waiver.accepted == "waived until 2030-06-30 by ops: later"
