"""Plain HTTP ports: a small threaded server beside granian, for redirects mostly."""

import socket
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from verify.reference.server.http import Application

_IDLE = 10.0  # seconds a client may take


class _Handler(WSGIRequestHandler):
    timeout = _IDLE
    disable_nagle_algorithm = True
    wbufsize = -1

    def get_environ(self) -> dict[str, Any]:
        """Add the request target as it was sent: ``PATH_INFO`` has lost its encoding."""
        return super().get_environ() | {"verify.target": self.path}

    def address_string(self) -> str:
        """Return the address without looking its name up."""
        return str(self.client_address[0])

    def version_string(self) -> str:
        """Name no software."""
        return "reference"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the name of the base class
        """Say nothing: the edge logs."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Share the port with the parent, which holds it reserved."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


def serve(application: Application, port: int, name: str = "plain") -> None:
    """Serve on 127.0.0.1:``port`` in a thread that ends with the process."""
    ServerHandler.server_software = "reference"
    server = _Server(("127.0.0.1", port), _Handler)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, name=name, daemon=True).start()
