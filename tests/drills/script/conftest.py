"""Scripts as teams write them, a bucket that is a folder, and what they are run against."""

import importlib.util
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Scripts
from verify.drills.postgres.roundtrip import Drill, restore_drill
from verify.drills.script.command import Command
from verify.drills.store.base import Using
from verify.drills.store.folder import FolderStore
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.facts.backup import RoundTrip

_SPEC = importlib.util.spec_from_file_location(
    "drills_logical_conftest", Path(__file__).parents[1] / "logical" / "conftest.py"
)
_LOGICAL = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_LOGICAL)
# the same server, journal and databases as there
drills, place = _LOGICAL.drills, _LOGICAL.place

BUCKET = "shop-backups"
ENV = {"DATABASE_URL": "{source}", "BACKUP_DIR": "{folder}", "BACKUP_BUCKET": "{bucket}"}
RESTORE_ENV = {"DATABASE_URL": "{target}", "BACKUP_BUCKET": "{bucket}"}


class Team:
    """Has scripts in a folder, and a bucket."""

    def __init__(self, folder: Path, journal: Journal, server: Address, programs: Path) -> None:
        self.folder, self.journal, self.server, self.programs = folder, journal, server, programs
        self.buckets = folder / "buckets"
        (self.buckets / BUCKET).mkdir(parents=True)
        self.store = FolderStore(self.buckets / BUCKET, Using(journal=journal, redactor=Redactor()))

    def script(
        self, text: str, *words: str, env: dict[str, str] | None = None, within: float = 60
    ) -> Command:
        path = self.folder / f"script{len(list(self.folder.iterdir()))}.sh"
        path.write_text(text)
        path.chmod(0o755)
        return Command(
            run=(str(path), *words), cwd=self.folder, env=ENV if env is None else env, within=within
        )

    def drill(
        self, source: Address, backup: Command, restore: Command | None = None, **more: Any
    ) -> RoundTrip:
        engine = Scripts(
            backup=backup,
            restoring=restore and replace(restore, env={**RESTORE_ENV, **restore.env}),
            values={"bucket": BUCKET, "store": f"s3://{BUCKET}"},
            buckets=self.buckets,
            environment={"PATH": f"{self.programs}:{os.environ['PATH']}"},
        )
        given = {"scratch": self.server} | more
        return restore_drill(
            Drill(
                backup="db",
                engine=engine,
                store=self.store,
                journal=self.journal,
                redactor=Redactor(),
                source=source,
                deadline=60,
                **given,
            )
        )

    @property
    def stored(self) -> list[str]:
        return sorted(
            each.name for each in (self.buckets / BUCKET).rglob("*") if each.is_file() and each.name[0] != "."
        )


@pytest.fixture
def team(tmp_path: Path, drills: Journal, place: Any) -> Team:
    return Team(tmp_path, drills, place.server.address, place.server.programs.folder)
