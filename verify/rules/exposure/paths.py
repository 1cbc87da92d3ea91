"""Files and pages that are nobody's business are not served.

Scanners ask every address for ``/.env`` and ``/.git/HEAD`` within hours. The content
decides: a start page that answers every path exposes nothing, and a refusal is fine.

Fix: serve only what is meant to be (no document root in the source folder); move admin
and status pages behind a login or a private network.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.facts.exposure import PATHS, Probe, Probed
from verify.facts.http import SHOWS_NOTHING, refusal_of
from verify.rules import Finding, ReferenceSpec, Seen, Stated, Unknown, given, rule


@dataclass(frozen=True, kw_only=True)
class Params(Stated):
    """The usual paths and ``also`` more of your own, without those you ``allow``."""

    also: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Return each path that must not be served."""
        return tuple(path for path in (*PATHS, *self.also) if path not in self.allow)

    def needs(self) -> dict[str, tuple[Probe, ...]]:
        """Ask for each path once; the content is looked at and not kept."""
        return {"probes": tuple(Probe(path) for path in self.paths)}


STATED = Params(allow=PATHS[1:])
HOLDS = [given(STATED, probes=Probed(status=status)) for status in (404, 403, 200)]
FAILS = [
    given(STATED, probes=Probed(status=200, shown="SECRET_KEY")),
    given(
        Params(allow=PATHS, also=("/notes.txt",)), probes=Probed(status=200, shown="4 bytes of text/plain")
    ),
]
OPENS = {
    "env-exposed": {"/.env"},
    "git-exposed": {"/.git/HEAD", "/.git/config"},
    "backup-exposed": {"/backup.sql"},
    "admin-default": {"/admin/"},
    "status-open": {"/server-status", "/__debug__/"},
}


def breaks(fault: str, stated: Params, reference: ReferenceSpec) -> bool:  # noqa: ARG001 - as the framework calls it
    """Tell whether a path that ``fault`` serves is asked for."""
    return not OPENS[fault].isdisjoint(stated.paths)


@rule(severity="blocker", faults=[*OPENS], refs=["OWASP WSTG-CONF-04", "OWASP WSTG-CONF-05"])
def check(probes: tuple[Probed, ...], stated: Params) -> Iterator[Finding | Unknown | Seen]:
    """Report each path whose content came back."""
    refused = sum(probe.status in {401, 403} for probe in probes)
    hidden = sum(not probe.shown for probe in probes)
    yield Seen(f"{hidden} of {len(probes)}", what=f"not served ({refused} refused)")
    for path, probe in zip(stated.paths, probes, strict=True):
        if probe.status in SHOWS_NOTHING:
            yield Unknown(refusal_of(probe.place, probe.status))
        if probe.shown:
            yield Finding(probe.place, f"{path} is served", "not served", probe.shown)
