"""Tasks that are started now and looked at later."""
# mypy: allow-subclassing-any
# Django REST framework ships no types

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from verify.reference.shop import state
from verify.reference.shop.serializers import CanarySerializer

_EXPIRES = 60.0


def _away() -> Response:
    return Response({"detail": "The queue is not available for now."}, 503, headers={"Retry-After": "1"})


class Tasks(APIView):
    """Hands a text to the worker."""

    def post(self, request: Request) -> Response:
        """Return the task's id at once."""
        wanted = CanarySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        held = state.current()
        if not held.cache.answers():
            return _away()
        from verify.reference.worker import digest

        delay = held.control.behaviour().task_delay
        text = wanted.validated_data["text"]
        task = digest.apply_async((text,), countdown=delay or None, expires=_EXPIRES, retry=False)
        return Response({"task": task.id}, 202)


class OneTask(APIView):
    """One task."""

    def get(self, _request: Request, task: str) -> Response:
        """Return its state, and the digest once it is done."""
        if not state.current().cache.answers():
            return _away()
        from verify.reference.worker import digest

        found = digest.AsyncResult(task)
        if found.successful():
            return Response({"task": task, "state": "done", "digest": found.result})
        return Response({"task": task, "state": "waiting"})
