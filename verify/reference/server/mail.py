"""A mail server's first words: EHLO, STARTTLS, QUIT. Mail it takes none."""

import socket
import ssl
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from verify.reference.config import Config
from verify.reference.server.control import Control

_IDLE = 5.0  # seconds a client may take
_LINE = 1024
_MOST = 20  # commands of one conversation


class _Handler(StreamRequestHandler):
    timeout = _IDLE

    def handle(self) -> None:
        """Talk until the client leaves, or has said enough."""
        try:
            self._talk(self.server.control.behaviour().mail)  # type: ignore[attr-defined] # it is a _Server
        except OSError:
            return

    def _talk(self, how: str) -> None:
        self._say("220 localhost ready")
        secured = False
        for _ in range(_MOST):
            command = self.rfile.readline(_LINE).split(b" ")[0].strip().upper()
            if command == b"EHLO":
                login = secured or how == "clear login"
                offer = [] if secured or how == "in clear" else ["STARTTLS"]
                self._say(
                    "250-localhost",
                    *(f"250-{one}" for one in offer),
                    "250 AUTH PLAIN" if login else "250 8BITMIME",
                )
            elif command == b"STARTTLS" and not secured and how != "in clear":
                self._say("220 go on")
                self._secure()
                secured = True
            elif command in {b"QUIT", b""}:
                self._say("221 bye")
                return
            else:
                self._say("502 not here")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _secure(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server.certificate)  # type: ignore[attr-defined] # as above
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.setup_streams()

    def setup_streams(self) -> None:
        """Read and write through the connection as it is now."""
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, config: Config, control: Control) -> None:
        self.control = control
        self.certificate = (config.root / "valid.pem", config.root / "valid.key")
        super().__init__(("127.0.0.1", config.mail_port), _Handler)

    def server_bind(self) -> None:
        """Share the port with the parent, which holds it reserved."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    def shutdown_request(self, request: Any) -> None:
        """Close what TLS has left of the connection."""
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up is not our concern."""


def serve(config: Config, control: Control) -> None:
    """Serve in a thread that ends with the process."""
    server = _Server(config, control)
    threading.Thread(target=server.serve_forever, name="mail", daemon=True).start()
