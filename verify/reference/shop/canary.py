"""A canary through queue and worker and back."""
# mypy: allow-subclassing-any
# Django REST framework ships no types

import time

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from verify.reference.shop import state
from verify.reference.shop.serializers import CanarySerializer

_DEADLINE = 3.0


class Canary(APIView):
    """Lets the worker compute something and waits for it."""

    def post(self, request: Request) -> Response:
        """Return what the worker made of the text; 503 when it did not in time."""
        wanted = CanarySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        away = Response({"detail": "The worker did not answer in time."}, 503, headers={"Retry-After": "1"})
        if not state.current().cache.answers():
            return away  # Celery and kombu would each go on trying for seconds
        from celery.exceptions import TimeoutError as NotInTime
        from kombu.exceptions import OperationalError

        from verify.reference.worker import digest

        started = time.perf_counter()
        try:
            task = digest.apply_async((wanted.validated_data["text"],), expires=_DEADLINE, retry=False)
            answer = task.get(timeout=_DEADLINE)
        except (NotInTime, OperationalError):
            return away
        seconds = round(time.perf_counter() - started, 4)
        return Response({"task": task.id, "digest": answer, "seconds": seconds})
