"""What a suite file states about itself."""

from dataclasses import dataclass

from verify.model.need import Effect


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A group of claims that one question asks for.

    ``answers`` is that question; ``effects`` the gravest effect its checks may have;
    ``order`` its place in a run. What must hold before something is looked at, each need
    says for itself (``Need.after_ready``): in one suite a handshake does not wait for
    readiness, and a request does.
    """

    name: str
    answers: str
    order: int
    effects: Effect
