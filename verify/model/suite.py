"""What a suite file states about itself."""

from dataclasses import dataclass

from verify.model.need import Effect


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A group of claims that one question asks for.

    ``answers`` is that question; ``after`` what must hold before it starts;
    ``effects`` the gravest effect its checks may have; ``order`` its place in a run.
    """

    name: str
    answers: str
    order: int
    effects: Effect
    after: tuple[str, ...] = ()
