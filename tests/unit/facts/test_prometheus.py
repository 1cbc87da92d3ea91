"""The text format of Prometheus."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.facts.http import Exchange
from verify.facts.prometheus import MetricsError, looks_like_metrics, parse

TEXT = r"""# HELP requests_total Requests, with a \\ and a \n in the words.
# TYPE requests_total counter
requests_total{path="/a\"b",note="x\\y\nz,}",} 3 1700000000000
requests_total 4e2
# a comment
# TYPE took histogram
took_bucket{le="0.1"} 1
took_bucket{le="+Inf"} 2 # {trace="1"} 0.3
took_sum NaN
took_count 2
# TYPE wait summary
wait{quantile="0.5"} 1
wait_sum 3
wait_count 2
# TYPE empty gauge
bare -Inf
# EOF
"""


def test_families_samples_and_labels() -> None:
    found = parse(TEXT)
    assert set(found) == {"requests_total", "took", "wait", "empty", "bare"}
    _, labels, value = found["requests_total"].samples[0]
    assert labels == {"path": '/a"b', "note": "x\\y\nz,}"}
    assert value == 3
    assert found["took"].kind == "histogram"
    assert len(found["took"].samples) == 4
    assert len(found["wait"].samples) == 3
    assert found["bare"].samples[0][2] == -math.inf
    assert [name for name, family in found.items() if not family.whole()] == ["empty"]


def test_openmetrics_names_a_counter_without_its_suffix() -> None:
    found = parse("# TYPE hits counter\nhits_total 3\nhits_created 1\n")
    assert list(found) == ["hits"]
    assert found["hits"].whole()


@pytest.mark.parametrize(
    "gone", ['took_bucket{le="+Inf"} 2 # {trace="1"} 0.3\n', "took_sum NaN\n", "took_count 2\n"]
)
def test_a_histogram_is_whole_or_it_is_not(gone: str) -> None:
    assert gone in TEXT
    assert parse(TEXT)["took"].whole()
    assert not parse(TEXT.replace(gone, ""))["took"].whole()


@pytest.mark.parametrize(
    "wrong",
    [
        "<html>",
        "a",
        "a{b=c} 1",
        'a{b="c" 1',
        'a{b="1",b="2"} 1',
        "a one",
        "# TYPE a speed\na 1",
        "1a 2",
        "a 1 2 3",
    ],
)
def test_a_wrong_line_is_named(wrong: str) -> None:
    with pytest.raises(MetricsError, match="line "):
        parse(wrong)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except MetricsError:
        return
    assert all(name == family.name for name, family in found.items())


@given(
    st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True), st.text(max_size=20), max_size=4)
)
def test_labels_come_back_as_they_were_written(labels: dict[str, str]) -> None:
    written = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        for name, value in labels.items()
    }
    line = "a{" + ",".join(f'{name}="{value}"' for name, value in written.items()) + "} 1"
    if len(line.splitlines()) == 1:
        assert parse(line)["a"].samples == [("a", labels, 1.0)]


def test_pages_are_not_taken_for_metrics() -> None:
    assert looks_like_metrics(Exchange(status=200, body=TEXT.encode()))
    assert not looks_like_metrics(Exchange(status=200, body=b"<html># TYPE it yourself</html>"))
