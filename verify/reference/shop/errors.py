"""Errors as JSON, whoever raises them."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError
from django.http import HttpRequest, JsonResponse
from rest_framework.response import Response
from rest_framework.views import exception_handler


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what DRF knows as it does, a lost database with 503, the rest with 500."""
    if isinstance(error, OperationalError):
        return Response(
            {"detail": "The database is not available for now."}, 503, headers={"Retry-After": "1"}
        )
    if isinstance(error, ObjectDoesNotExist):
        return Response({"detail": "Not found."}, 404)
    answer: Response | None = exception_handler(error, context)
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001 # Django passes these names
    """Answer 400, as for a host that is not served here."""
    return JsonResponse({"detail": "The request is not valid here."}, status=400)


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001 # Django passes these names
    """Answer 404."""
    return JsonResponse({"detail": "Not found."}, status=404)


def server_error(_request: HttpRequest) -> JsonResponse:
    """Answer 500 without a word about why."""
    return JsonResponse({"detail": "Something went wrong."}, status=500)
