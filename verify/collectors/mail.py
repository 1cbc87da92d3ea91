"""Says EHLO and STARTTLS to mail servers, over connections that protection lets through."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import requests.utils

from verify.collectors.world import World, concurrently
from verify.effects.errors import EffectError
from verify.facts.mail import Greeting, Hello
from verify.model.need import Need

_OURS = "verify.invalid"  # the name we give: it is nobody's


class _Client(smtplib.SMTP):
    """Speaks over a connection that was made elsewhere."""

    def __init__(self, sock: socket.socket, host: str, port: int) -> None:
        self._made = sock
        super().__init__(host, port, local_hostname=_OURS, timeout=sock.gettimeout() or 1.0)

    def _get_socket(self, *_: Any) -> socket.socket:
        return self._made


def collect(needs: tuple[Hello, ...], world: World) -> Iterator[tuple[Need, object]]:
    """Yield the greeting of each server."""
    yield from concurrently(_see, needs, world)


def _see(need: Hello, world: World) -> Greeting:
    name = f"{need.host}:{need.port}"
    guarded = world.wire.dial(f"http://{world.mail or name}")
    # the guarded class cannot be wrapped by a plain context
    sock = socket.socket(fileno=guarded.detach())
    sock.settimeout(float(world.deadline))
    twin = sock.dup()
    world.wire.adopt(twin)  # so that an interrupt wakes whoever waits for the other side
    end = threading.Timer(float(world.deadline), _break, (twin,))
    end.start()
    try:
        return _greeted(sock, name, need, world)
    except (OSError, smtplib.SMTPException) as error:
        raise EffectError(f"SMTP {name}: no usable answer: {str(error) or type(error).__name__}") from error
    finally:
        end.cancel()
        end.join()
        twin.close()
        sock.close()


def _break(sock: socket.socket) -> None:
    """End a conversation that takes too long, however slowly it goes on."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _greeted(sock: socket.socket, name: str, need: Hello, world: World) -> Greeting:
    host = world.mail.partition(":")[0] or need.host
    client = _Client(sock, host, need.port)
    try:
        client.ehlo_or_helo_if_needed()
        login = client.has_extn("auth")
        if not client.has_extn("starttls"):
            return Greeting(server=name, offered=False, secured=False, clear_login=login, version="")
        trust = str(world.trust or requests.utils.DEFAULT_CA_BUNDLE_PATH)
        try:
            client.starttls(context=ssl.create_default_context(cafile=trust))
        except (ssl.SSLError, smtplib.SMTPResponseException) as error:
            return Greeting(server=name, secured=False, clear_login=login, version="", problem=_words(error))
        version = client.sock.version() if isinstance(client.sock, ssl.SSLSocket) else None
        with suppress(OSError, smtplib.SMTPException):
            client.quit()
        return Greeting(server=name, clear_login=login, version=version or "")
    finally:
        client.close()


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    return str(getattr(error, "reason", None) or error)
