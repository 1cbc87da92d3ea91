"""The properties of a test case."""

from collections.abc import Callable
from xml.dom import minidom
from xml.etree import ElementTree as ET

from hypothesis import given

from verify.model.finding import Seen
from verify.model.verdict import Outcome
from verify.report.junit import properties
from verify.run.record import Row


@given(row=...)
def test_xml_can_hold_each_property(row: Row) -> None:
    found = properties(row)
    root = ET.Element("properties")
    for name, value in found:
        ET.SubElement(root, "property", name=name, value=value)
    read = ET.fromstring(ET.tostring(root, encoding="utf-8"))  # noqa: S314 - written one line above
    assert [(one.get("name"), one.get("value")) for one in read] == found


def test_a_row_tells_its_story(make_row: Callable) -> None:
    row = make_row(
        outcome=Outcome.HOLDS,
        seen=(Seen(3, 4, "failures"),),
        left_out=("x was not run",),
        verdict_reason="why",
    )
    assert properties(row) == [
        ("claim", "LEA-047"),
        ("says", "plain HTTP is redirected to HTTPS"),
        ("at", "Chunk G"),
        ("stated", "verify.yaml:14:3"),
        ("suite", "smoke"),
        ("standing", "selected"),
        ("outcome", "holds"),
        ("severity", "error"),
        ("reason", "why"),
        ("rule", "redirect/https"),
        ("seen", "failures 3 (≤ 4)"),
        ("not run", "x was not run"),
    ]


def test_a_row_without_a_verdict_has_no_outcome(make_row: Callable) -> None:
    assert "outcome" not in dict(properties(make_row(suite="")))


def test_they_are_bounded(make_row: Callable) -> None:
    row = make_row(outcome=Outcome.HOLDS, says="x" * 10**6, seen=(Seen("y" * 10**6),) * 10_000)
    assert sum(len(value) for _, value in properties(row)) < 300_000


def test_pytest_can_write_them(make_row: Callable) -> None:
    element = minidom.Document().createElement("property")
    for name, value in properties(make_row(says="\x00\ufffe\ud800\x1b")):
        element.setAttribute(name.replace(" ", "-"), value)
    assert element.getAttribute("says") == "\\x00\\ufffe\\ud800\\x1b"
