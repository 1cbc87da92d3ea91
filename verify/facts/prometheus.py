"""Parses the text format of Prometheus, and what OpenMetrics adds to it."""

import math
import re
from dataclasses import dataclass, field

from verify.facts.http import Exchange
from verify.model.text import abridged

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_SAMPLE = re.compile(
    rf"(?P<name>{_NAME})(?:\s*\{{(?P<labels>(?:[^\"}}]|\"(?:[^\"\\]|\\.)*+\")*+)\}})?\s*(?P<value>\S++)"
    r"(?:\s+(?P<time>-?[\d.]+))?(?:\s*#\s.*)?"
)
_LABEL = re.compile(r'\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"(?P<value>(?:[^"\\]|\\.)*)"\s*(?:,|$)')
_COMMENT = re.compile(rf"#\s*(?P<word>HELP|TYPE|UNIT)\s+(?P<name>{_NAME})(?:\s+(?P<rest>.*))?")
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
_SUFFIXES = {
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
    "summary": ("_sum", "_count", "_created", ""),
    "counter": ("_total", "_created", ""),
    "info": ("_info",),
}
KINDS = frozenset({"counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset"}) | {
    "gaugehistogram"
}
_TEXT = re.compile(rf"^# (?:TYPE|HELP) {_NAME} ", re.MULTILINE)


class MetricsError(ValueError):
    """A line that is not of the format."""


@dataclass(slots=True)
class Family:
    """One family: its kind, and how many samples carry each set of labels' names."""

    name: str
    kind: str = "untyped"
    samples: list[tuple[str, dict[str, str], float]] = field(default_factory=list)

    def whole(self) -> bool:
        """Tell whether there is a sample; a histogram needs its last bucket, sum and count."""
        names = {name for name, _, _ in self.samples}
        if self.kind != "histogram":
            return bool(names)
        last = any(
            labels.get("le") in {"+Inf", "Inf"}
            for name, labels, _ in self.samples
            if name.endswith("_bucket")
        )
        return last and {f"{self.name}_sum", f"{self.name}_count"} <= names


def parse(text: str) -> dict[str, Family]:
    """Return the families by name; raise ``MetricsError`` naming the line."""
    families: dict[str, Family] = {}
    owner: dict[str, Family] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.strip()
        if not written:
            continue
        if written.startswith("#"):
            _comment(written, number, families, owner)
            continue
        name, labels, value = _sample(written, number)
        family = owner.get(name) or families.setdefault(name, Family(name))
        family.samples.append((name, labels, value))
    return families


def looks_like_metrics(answer: Exchange) -> bool:
    """Tell whether ``answer`` is metrics at all, for who expects none; raise ``PartError``."""
    return answer.search(_TEXT) is not None


def _comment(line: str, number: int, families: dict[str, Family], owner: dict[str, Family]) -> None:
    found = _COMMENT.fullmatch(line)
    if found is None:
        return  # any other comment
    family = families.setdefault(found["name"], Family(found["name"]))
    if found["word"] == "TYPE":
        family.kind = (found["rest"] or "").strip().lower()
        if family.kind not in KINDS:
            raise MetricsError(f"line {number}: {family.kind or 'nothing'} is no type of metrics")
        for suffix in _SUFFIXES.get(family.kind, ("",)):
            owner.setdefault(family.name + suffix, family)


def _sample(line: str, number: int) -> tuple[str, dict[str, str], float]:
    found = _SAMPLE.fullmatch(line)
    if found is None:
        raise MetricsError(
            f'line {number}: expected `name{{label="value"}} number`, got {abridged(repr(line), 60)}'
        )
    labels: dict[str, str] = {}
    written, at = (found["labels"] or "").rstrip(), 0
    while at < len(written):
        label = _LABEL.match(written, at)
        if label is None or label["name"] in labels:
            raise MetricsError(
                f"line {number}: a label that is broken or repeated: {abridged(repr(written[at:]), 60)}"
            )
        labels[label["name"]] = re.sub(r"\\.", lambda one: _ESCAPES.get(one[0], one[0]), label["value"])
        at = label.end()
    return found["name"], labels, _number(found["value"], number)


def _number(text: str, number: int) -> float:
    named = {"+inf": math.inf, "inf": math.inf, "-inf": -math.inf, "nan": math.nan}
    try:
        return named[text.lower()] if text.lower() in named else float(text)
    except ValueError:
        raise MetricsError(f"line {number}: expected a number, got {abridged(repr(text), 60)}") from None
