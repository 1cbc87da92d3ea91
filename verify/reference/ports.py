"""Free ports on loopback that stay ours for the whole run."""

import socket


class Port:
    """A port held by a socket that is bound and never listens.

    The servers bind the same port with ``SO_REUSEPORT`` and get every connection; nobody
    else is given it meanwhile, also while a server restarts.
    """

    def __init__(self) -> None:
        """Take a free port of 127.0.0.1."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
