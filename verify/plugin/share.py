"""What the controller hands to xdist's workers: verdicts and the environment, in a private folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verify.effects.files import atomic_write, read_regular
from verify.effects.redact import Redactor
from verify.facts.http import Headers
from verify.model.verdict import Verdict
from verify.run.codec import decode, encode
from verify.run.session import Session

RUN_FOLDER = "deploy_verify_run_folder"
HANDED_OVER = "deploy_verify_chosen"  # the entry point looks for it too
_FILE = "shared.json"
_LIMIT = 256 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Shared:
    """One run as a team's tests see it; ``credentials`` are request headers by account."""

    run_id: str
    name: str = ""
    url: str = ""
    plain_url: str = ""
    trust: str = ""
    protection: str = ""
    spent: int = 0
    share: int = 1
    credentials: Mapping[str, Headers] = field(default_factory=dict)
    #: each name and value that no output may show: the reference's are in no variable
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session) -> "Shared":
        """Return what a run in this process knows."""
        world = session.world
        environment = world.environment if world is not None else None
        if world is None or environment is None:
            return cls(run_id=session.id, verdicts=session.verdicts)
        return cls(
            run_id=session.id,
            name=session.prepared.options.environment or "",
            url=world.url,
            plain_url=world.plain_url,
            trust=str(world.trust or ""),
            protection=environment.protection,
            spent=world.transport.sent if world.transport is not None else 0,
            credentials=world.credentials,
            secrets=session.redactor.secrets,
            verdicts=session.verdicts,
        )

    def write(self, folder: Path) -> None:
        """Write it where only this user can read it."""
        data = encode(self) | {"verdicts": {key: encode(one) for key, one in self.verdicts.items()}}
        atomic_write(folder / _FILE, json.dumps(data), mode=0o600)

    @classmethod
    def read(cls, folder: Path) -> "Shared":
        """Read what the controller wrote."""
        data = json.loads(read_regular(folder / _FILE, limit=_LIMIT))
        verdicts = {key: decode(Verdict, one) for key, one in data.pop("verdicts").items()}
        credentials = {
            account: tuple((name, value) for name, value in headers)
            for account, headers in data.pop("credentials").items()
        }
        secrets = tuple((name, value) for name, value in data.pop("secrets"))
        return cls(**data, verdicts=verdicts, credentials=credentials, secrets=secrets)

    def teach(self, redactor: Redactor) -> None:
        """Let ``redactor`` know every secret of the run."""
        for name, value in self.secrets:
            redactor.add(name, value)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What a worker tells the controller: the claims that the team's own tests judge, and what is wrong."""

    claims: Mapping[str, tuple[str, ...]]
    problems: tuple[str, ...] = ()
    #: what of the team's own tests will not run, in words
    left_out: tuple[str, ...] = ()

    def write(self, folder: Path, worker: str) -> None:
        """Write what ``worker`` has collected."""
        atomic_write(_collected(folder, worker), json.dumps(encode(self)), mode=0o600)

    @classmethod
    def read(cls, folder: Path, worker: str) -> "Collected":
        """Read what ``worker`` has collected."""
        found: Collected = decode(cls, json.loads(read_regular(_collected(folder, worker), limit=_LIMIT)))
        return found


def _collected(folder: Path, worker: str) -> Path:
    return folder / f"collected-{worker}.json"
