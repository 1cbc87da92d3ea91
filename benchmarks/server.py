"""A system with a delay on loopback TLS, in a process of its own, that counts what it is asked.

It prints its port. ``/-/count`` answers the number of other requests so far, without a delay.
Nagle is off and each answer leaves in one write, or delayed acknowledgements would be measured.
"""

import argparse
import http.server
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme

COUNT = "/-/count"
HEALTH = {"status": "healthy", "checks": dict.fromkeys(("database", "redis", "worker"), "ok")}
HEADERS = {
    "Content-Type": "application/json",
    "Strict-Transport-Security": "max-age=31536000",
    "Content-Security-Policy": "default-src 'self'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "same-origin",
}


class System(http.server.ThreadingHTTPServer):
    """Shakes hands in each connection's own thread, never in the one that accepts."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, context: ssl.SSLContext, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = context
        self.delay = delay
        self.asked = 0
        self.lock = threading.Lock()
        self.never = threading.Event()

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self.context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Hanging up is a client's right."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: System

    def do_GET(self) -> None:
        status, answer = 200, json.dumps(HEALTH).encode()
        if self.path == COUNT:
            answer = str(self.server.asked).encode()
        else:
            with self.server.lock:
                self.server.asked += 1
            self.server.never.wait(self.server.delay)
            status = 404 if self.path.startswith("/missing") else 200
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running(folder: Path, delay: float) -> Iterator[tuple[str, Path]]:
    """Serve in another process; yield the address and the file of the authority to trust."""
    authority = trustme.CA()
    trust, chain = folder / "ca.pem", folder / "chain.pem"
    authority.cert_pem.write_to_path(str(trust))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(chain))
    command = [sys.executable, __file__, "--chain", str(chain), "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"https://localhost:{int(process.stdout.readline())}", trust
        finally:
            process.terminate()
            process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chain", required=True)
    parser.add_argument("--delay", type=float, required=True)
    arguments = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.chain)
    system = System(context, arguments.delay)
    print(system.server_address[1], flush=True)
    system.serve_forever()


if __name__ == "__main__":
    main()
