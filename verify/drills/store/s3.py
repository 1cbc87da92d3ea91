"""Backups in a bucket: Amazon's S3, or what speaks like it."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from verify.drills.aws import Access, Amazon
from verify.drills.errors import DrillError
from verify.drills.refusals import code
from verify.drills.store import names, objects
from verify.drills.store.base import LISTED, MANIFEST, MOVED, Tally, Using, checked, machine, regular
from verify.drills.store.settings import Settings
from verify.effects.journal import Entry
from verify.facts.backup import Artefact, Step, Store
from verify.model.units import Size

#: objects that are looked into, the newest; the others are listed only
LOOKED_INTO = 2000
_LOOKERS = 8
_BLOCK = 1 << 20
#: seconds for taking back what could not be stored
_QUICK = 5.0


class S3Store:
    """A bucket, or a part of one below a prefix; ``place`` is ``s3://BUCKET/PREFIX``."""

    def __init__(
        self,
        place: str,
        access: Access,
        using: Using,
        *,
        environ: Mapping[str, str] | None = None,
        writes: bool = False,
    ) -> None:
        """Take ``place`` apart and read the credentials; nothing is sent yet.

        ``writes`` allows ``put`` and ``delete``.
        """
        self._bucket, _, prefix = place.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._access, self._using = access, using
        self._entries: dict[str, Entry] = {}
        self._unlocked = False
        self.place = f"s3://{self._bucket}/{self._prefix}".removesuffix("/")
        self._amazon = Amazon(
            "s3",
            access,
            stage="fetch",
            redactor=using.redactor,
            environ=environ,
            writes=writes,
            bucket=self._bucket,
        )
        self._client = self._amazon.client
        self.host = access.region if access.endpoint is None else machine(self._amazon.host)

    def put(self, path: Path, key: str, *, deadline: float = MOVED, given: bool = False) -> Step:
        """Store the file ``path`` under a ``key`` that is free, marked as this run's."""
        target = f"{self.place}/{checked(key, 'store')}"
        what = f"storing {target}"
        tally = Tally("store", what, deadline)
        whole = self._prefix + key
        with self._amazon.during("store", what, deadline):
            size = regular(path).stat().st_size
            self._refuse_locked()
            if objects.head(self._client, self._bucket, whole) is not None:
                raise DrillError("store", f"{target} is there already: what is not ours is not replaced")
        entry = self._using.journal.plan(
            objects.KIND, name=target, bucket=self._bucket, key=whole, **self._access.details()
        )
        upload = objects.Upload(self._client, self._bucket, whole, self._using.journal.run_id, entry)
        try:
            with self._amazon.during("store", what, tally.left):
                upload.send(path, size, tally)
            self._entries[key] = entry  # from here on it is ``close`` that takes it back
        except BaseException:
            with contextlib.suppress(DrillError), self._amazon.during("store", "giving up", _QUICK):
                upload.undo()
            raise
        if given:
            path.unlink()
        return tally.step("PutObject", str(path), target)

    def get(
        self,
        key: str,
        into: Path,
        *,
        deadline: float = MOVED,
        reading: bool = False,  # noqa: ARG002 - what was fetched is always a copy
    ) -> tuple[Path, Step]:
        """Fetch ``key`` into the folder ``into``."""
        from botocore.exceptions import BotoCoreError

        source, copy = f"{self.place}/{checked(key, 'fetch')}", into / key.rpartition("/")[2]
        what = f"fetching {source}"
        tally = Tally("fetch", what, deadline)
        with self._amazon.during("fetch", what, deadline):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            try:
                with contextlib.closing(answer["Body"]) as body, copy.open("xb") as file:
                    free = shutil.disk_usage(into).free
                    if free < answer["ContentLength"]:
                        wanted = f"expected {Size(answer['ContentLength'])} of free space, found {Size(free)}"
                        raise DrillError("fetch", f"{into}: {wanted}: make room")
                    tally.move(body.iter_chunks(_BLOCK), file)
            except BotoCoreError:
                raise  # some of them are an OSError too
            except OSError as error:
                raise DrillError("fetch", f"{what} to {copy}: {error.strerror or error}") from error
        if tally.size != answer["ContentLength"]:
            raise DrillError(
                "fetch", f"{what}: {answer['ContentLength']} bytes were announced, {tally.size} came"
            )
        return copy, tally.step("GetObject", source, str(copy))

    def list(self, *, deadline: float = LISTED) -> Store:
        """Return what is there, the oldest first, and how it is kept."""
        with self._amazon.during("fetch", f"listing {self.place}", deadline):
            listed = list(self._objects())
            settings = Settings(self._client, self._bucket, self._access)
            looked = self._looked_into(listed, settings)
            return Store(
                place=self.place,
                at=time.time(),
                host=settings.region() if self._access.endpoint is None else self.host,
                artefacts=tuple(sorted(looked, key=lambda each: (each.at, each.key))),
                versioning=settings.versioning(),
                encryption=settings.encryption(),
                replicas=(replicas := settings.replicas()),
                regions=settings.regions(replicas or ()),
                expiries=settings.expiries(),
                public=settings.public(),
                unseen=settings.unseen,
                source=self._using.source,
                source_host=self._using.source_host,
            )

    def delete(self, key: str, *, deadline: float = MOVED) -> Step:
        """Remove what this run has put there, and nothing else."""
        target = f"{self.place}/{checked(key, 'store')}"
        tally = Tally("store", f"removing {target}", deadline)
        with self._amazon.during("store", f"removing {target}", deadline):
            if not objects.remove(self._client, self._bucket, self._prefix + key, self._using.journal.run_id):
                raise DrillError("store", f"{target} does not bear this run's mark: it stays")
            entry = self._entries.pop(key, None)
            if entry is not None:
                entry.gone()
        return tally.step("DeleteObject", target)

    def leave(self, key: str) -> None:
        """Let what this run has put there stay, as a backup like any other; nothing for what it has not."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.gone()

    def close(self) -> None:
        """Take back what was broken off, and close the connections. Safe to repeat."""
        for key in reversed(self._entries.copy()):
            with contextlib.suppress(DrillError):  # it stays in the journal, for ``clean``
                self.delete(key, deadline=_QUICK)
        self._amazon.close()

    def _objects(self) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        for page in pages:
            yield from (each for each in page.get("Contents", ()) if not each["Key"].endswith("/"))

    def _looked_into(self, listed: Sequence[Mapping[str, Any]], settings: Settings) -> Iterator[Artefact]:
        """Return what is listed, the newest with what their bytes and manifests say."""
        manifests = {each["Key"] for each in listed if each["Key"].endswith(MANIFEST)}
        objects = [each for each in listed if each["Key"] not in manifests]
        newest = sorted(objects, key=lambda each: each["LastModified"], reverse=True)
        deadline = self._amazon.left()

        def look(place: int, each: Mapping[str, Any]) -> Artefact:
            with self._amazon.during("fetch", f"looking into {self.place}", deadline):
                return self._artefact(
                    each, settings, manifest=each["Key"] + MANIFEST in manifests, into=place < LOOKED_INTO
                )

        pool = ThreadPoolExecutor(_LOOKERS, "look into")
        try:
            for done in [pool.submit(look, *each) for each in enumerate(newest)]:
                yield done.result()
        except KeyboardInterrupt:
            self._amazon.close()  # or its answers would be waited for
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _artefact(
        self, listed: Mapping[str, Any], settings: Settings, *, manifest: bool, into: bool
    ) -> Artefact:
        key, modified = str(listed["Key"]), listed["LastModified"].timestamp()
        head, answer = self._look(key, int(listed["Size"]), settings) if into else (None, {})
        stated = self._manifest(key + MANIFEST) if manifest and into else None
        return Artefact(
            key=key.removeprefix(self._prefix),
            at=names.at(key, modified, self._using.zone) if stated is None else stated,
            modified=modified,
            size=int(listed["Size"]),
            sha256=str(answer.get("Metadata", {}).get(objects.HASH, "")),
            form="" if head is None else names.form(head),
            manifest=manifest,
            encryption=str(answer.get("ServerSideEncryption", "")) if answer else None,
            replication=str(answer.get("ReplicationStatus", "")),
        )

    def _look(self, key: str, size: int, settings: Settings) -> tuple[bytes | None, Mapping[str, Any]]:
        """Return the first bytes of an object and what came with them; None where they may not be read."""
        from botocore.exceptions import ClientError

        try:
            if not size:  # no range of it can be asked for
                return b"", self._client.head_object(Bucket=self._bucket, Key=key)
            answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes=0-{names.HEAD - 1}")
            with contextlib.closing(answer["Body"]) as body:
                return body.read(), answer
        except ClientError as error:
            if code(error) in objects.MISSING:  # pruned meanwhile
                return None, {}
            settings.note("forms", error)
            return None, {}

    def _manifest(self, key: str) -> float | None:
        from botocore.exceptions import ClientError

        if self._using.snapshot_at is None:
            return None
        try:
            with contextlib.closing(self._client.get_object(Bucket=self._bucket, Key=key)["Body"]) as body:
                return self._using.at(body.read())
        except ClientError:
            return None  # as with a broken one, the name has to do

    def _refuse_locked(self) -> None:
        """Refuse a bucket that would not let us remove what we put into it."""
        from botocore.exceptions import ClientError

        if self._unlocked:
            return
        try:
            found = self._client.get_object_lock_configuration(Bucket=self._bucket)
        except ClientError:
            found = {}  # without one, or not known here; a lock without a default does not matter
        if found.get("ObjectLockConfiguration", {}).get("Rule"):
            message = "objects are locked by default, and what a drill stores has to go: use another bucket"
            raise DrillError("store", f"{self.place}: {message}")
        self._unlocked = True
