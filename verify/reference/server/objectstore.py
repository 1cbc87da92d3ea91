"""Serves moto's S3 and RDS on a port that is held for us, to whoever knows the run's key."""

import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.rds.models import RDSBackend
from werkzeug.serving import make_server

from verify.reference.objectstore import FAILING, KEY, PORT

_REFUSED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidAccessKeyId</Code>'
    b"<Message>The access key id is not known here.</Message></Error>"
)


class Known:
    """Lets through what is signed with the run's key; moto itself would answer anybody on this machine."""

    def __init__(self, application: Any, key: str) -> None:
        """Stand in front of ``application``."""
        self._application, self._key = application, key

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer a request."""
        if f"Credential={self._key}/" in environ.get("HTTP_AUTHORIZATION", ""):
            answer: Iterable[bytes] = self._application(environ, start)
            return answer
        start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(_REFUSED)))])
        return [_REFUSED]


def fail_where_told(marked: Path) -> None:
    """Let what a snapshot is restored into fail while ``marked`` is there: in moto none ever does."""
    restore = RDSBackend.restore_db_instance_from_db_snapshot

    def restored(self: RDSBackend, from_snapshot_id: str, overrides: dict[str, Any]) -> Any:
        instance = restore(self, from_snapshot_id, overrides)
        if marked.exists():
            instance.status = "incompatible-restore"
        return instance

    RDSBackend.restore_db_instance_from_db_snapshot = restored  # type: ignore[method-assign] # the one place it is made


def main() -> None:
    """Serve until we are ended."""
    fail_where_told(Path(FAILING))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", int(os.environ[PORT])))
        listener.listen(128)
        application = Known(DomainDispatcherApplication(create_backend_app), os.environ[KEY])
        server = make_server(
            "127.0.0.1", int(os.environ[PORT]), application, threaded=True, fd=listener.fileno()
        )
        server.serve_forever()


if __name__ == "__main__":
    main()
