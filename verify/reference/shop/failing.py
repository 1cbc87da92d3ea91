"""The view that fails: what users and logs get to see of an error nobody foresaw."""

import json
import traceback

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from verify.reference.shop.state import current


def fail(request: HttpRequest) -> HttpResponse:
    """Fail as code fails, and log it; Django then shows its page for a 500, or its debug page."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    held = current()
    try:
        json.loads("{")
    except ValueError as error:
        behaviour, trace = held.control.behaviour(), traceback.format_exc()
        held.events.write(
            request.environ, behaviour, "error", level="error", error=str(error), exception=trace
        )
        raise
    return HttpResponse()
