"""Django as a WSGI application inside the front."""

from collections.abc import Iterable

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver

from verify.reference.server.http import Application, Environ, StartResponse
from verify.reference.shop import state
from verify.reference.shop.state import State


def application(held: State) -> Application:
    """Set Django up and return its handler; the views are loaded now, not at first use."""
    state.hold(held)
    django.setup(set_prefix=False)
    handler = WSGIHandler()
    _ = get_resolver().url_patterns

    def call(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        settings.DEBUG = held.control.behaviour().debug
        parts: Iterable[bytes] = handler(environ, start_response)
        return parts

    return call
