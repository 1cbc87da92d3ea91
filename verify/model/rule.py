"""What a rule file is written with: its parameters, its proofs, its decorator."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from verify.model.finding import Finding, Nothing, Seen, Unknown
from verify.model.need import Need

Severity = Literal["blocker", "error", "warning"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

Said = Finding | Unknown | Nothing | Seen
Check = Callable[..., Iterator[Said]]
Needs = Mapping[str, Need | tuple[Need, ...]]
#: a rule's own ``breaks`` or ``hides``: fault, stated values, what the reference promises -> whether so
Breaks = Callable[[str, Any, Any], bool]


class Stated:
    """Base of a rule's parameters: a frozen dataclass of the values a claim states."""

    # read by pydantic when the validator is built; an unknown parameter is an error
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "arbitrary_types_allowed": True}

    def needs(self) -> Needs:
        """Return what has to be seen, by the name of the check's argument."""
        return {}


@dataclass(frozen=True, kw_only=True)
class Given:
    """One proof: what is stated, and the facts or files it is judged on."""

    stated: Stated | None
    files: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)


def given(stated: Stated | None = None, /, files: Mapping[str, str] | None = None, **facts: object) -> Given:
    """Return a proof; ``files`` are texts by name, ``facts`` the check's other arguments."""
    return Given(stated=stated, files=files or {}, facts=facts)


@dataclass(frozen=True, kw_only=True)
class About:
    """What the decorator says of a rule."""

    severity: Severity
    faults: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    baseline: bool = False
    #: statuses of a limit, or of a proxy, that tell this rule something: others are nobody's answer
    telling: frozenset[int] = frozenset()


def rule(
    *,
    severity: Severity,
    faults: list[str] | None = None,
    refs: list[str] | None = None,
    baseline: bool = False,
    telling: Collection[int] = (),
) -> Callable[[Check], Check]:
    """Mark a function as the judgement of its file.

    ``faults`` are the reference's switches that break it; where one does so for some stated
    values only, a function ``breaks(fault, stated, reference)`` beside the check tells for
    which. ``hides``, of the same kind, tells for which nothing can be judged then. ``refs`` are
    the standards it follows, ``baseline`` says whether it is judged although nobody claimed it.
    An answer that shows nothing (429, 502 to 504) is unknown before the check is asked, unless
    its status is stated, or among ``telling``: those the check judges itself.
    """
    if severity not in SEVERITIES:
        raise ValueError(f"severity {severity!r}: expected one of {', '.join(SEVERITIES)}")
    about = About(
        severity=severity,
        faults=tuple(faults or ()),
        refs=tuple(refs or ()),
        baseline=baseline,
        telling=frozenset(telling),
    )

    def mark(check: Check) -> Check:
        check.__rule__ = about  # type: ignore[attr-defined]  # the registry reads it back
        return check

    return mark
