"""Who may do what, and how often: DRF's hooks over the same parts the hot path uses."""
# mypy: allow-subclassing-any
# Django REST framework ships no types

from typing import Any

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.throttling import BaseThrottle

from verify.reference.server import identity
from verify.reference.shop import state


class BearerAuthentication(BaseAuthentication):
    """Takes the user that the edge has found for the bearer token."""

    def authenticate(self, request: Any) -> tuple[User, None] | None:
        """Return the user, None for nobody; a token that nobody has is refused."""
        name = request.META[identity.USER]
        if name is None:
            msg = "The token is not valid."
            raise AuthenticationFailed(msg)
        if not name:
            return None
        return User.objects.get(username=name), None

    def authenticate_header(self, request: Any) -> str:  # noqa: ARG002 # the signature of the base class
        """Make an unauthenticated request a 401 rather than a 403."""
        return "Bearer"


class IsStaff(BasePermission):
    """Staff may write, everybody may read."""

    def has_permission(self, request: Any, view: object) -> bool:  # noqa: ARG002 # the signature of the base class
        """Say whether the request may go on."""
        return request.method in {"GET", "HEAD", "OPTIONS"} or bool(request.user.is_staff)


class QuotaThrottle(BaseThrottle):
    """The stated quota of an identity, counted in Redis."""

    def __init__(self) -> None:
        """Begin without a wait."""
        self._wait = 0

    def allow_request(self, request: Any, view: object) -> bool:  # noqa: ARG002 # the signature of the base class
        """Count the request and say whether it may go on."""
        name = request.META[identity.USER] or ""
        current = state.current()
        address = request.META["REMOTE_ADDR"]
        who, quota = identity.quota_of(current.config, current.control.behaviour(), name, address)
        self._wait = 0 if quota is None else current.cache.take(who, quota)
        return not self._wait

    def wait(self) -> float:
        """Return the seconds until the next request may go on."""
        return float(self._wait)
