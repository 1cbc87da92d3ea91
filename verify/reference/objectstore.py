"""An object store and a database service on loopback, as Amazon's S3 and RDS speak."""

import http.client
import importlib.util
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from verify.reference.errors import MissingError
from verify.reference.parts import Part, Run
from verify.reference.ports import Port

EXTRA = 'pip install "pytest-deploy-verify[objectstore]"'
#: what the server's process reads its key and its port's number from
KEY, PORT = "VERIFY_OBJECTSTORE_KEY", "VERIFY_OBJECTSTORE_PORT"
#: the file in the run's folder that says that restored snapshots fail
FAILING = "objectstore.failing"
_DEADLINE = 0.5


class ObjectStore(Part):
    """Buckets, and databases of which it keeps snapshots; all of it in memory, gone with the part.

    ``url`` is where it answers, ``access`` and ``secret`` who may ask: it knows no other key. Start
    it only where a contract keeps its backups in a bucket: loading it takes some seconds.
    """

    name = "objectstore"
    deadline = 60.0

    def __init__(self, run: Run) -> None:
        """Take a port; raise ``MissingError`` where moto is not installed."""
        if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
            raise MissingError(f"the reference's object store needs moto: {EXTRA}")
        super().__init__(run)
        self._port = Port()
        self.url = f"http://127.0.0.1:{self._port.number}"
        self.access = f"AKIA{secrets.token_hex(8).upper()}"
        self.secret = secrets.token_urlsafe(30)

    def argv(self) -> Sequence[str | Path]:
        """Return the program."""
        return [sys.executable, "-m", "verify.reference.server.objectstore"]

    def environment(self) -> Mapping[str, str]:
        """Return what it listens at and whom it answers; large objects are spooled to the run's folder."""
        return {
            **self.run.environment(),
            KEY: self.access,
            PORT: str(self._port.number),
            "TMPDIR": str(self.run.folder),
        }

    def ready(self) -> bool:
        """Say whether it answers, if only that it does not know us."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port.number, timeout=_DEADLINE)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.client.FORBIDDEN
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def fails(self, *, restores: bool) -> None:
        """Say whether what snapshots are restored into fails from now on."""
        marked = self.run.folder / FAILING
        if restores:
            marked.touch()
        else:
            marked.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop it and give the port back. Safe to repeat."""
        self.stop(grace=0.0)
        self._port.close()
