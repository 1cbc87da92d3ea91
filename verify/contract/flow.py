"""Flows: requests in order, each using what earlier ones answered."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from verify.contract.part import AccountName, Misfit, Part, WebhookName
from verify.contract.patterns import Shape
from verify.contract.values import Flag, Statuses, UrlTemplate
from verify.contract.words import offer, shown

METHODS = ("get", "post", "put", "patch", "delete")
RUN_ID = "run_id"

_PLACEHOLDER = re.compile(r"\{([^{}/]*)\}")

#: a place in an answer: ``$.items[0].id``
JsonPath = Annotated[
    str,
    Shape(
        r"^\$(\.[A-Za-z_][A-Za-z0-9_-]*|\[[0-9]{1,6}\])*$",
        "expected a path into the answer such as `$.id` or `$.items[0].id`",
        ("$.id",),
    ),
]
SavedName = Annotated[str, Shape(r"^[a-z][a-z0-9_]*$", "expected a name such as `product_id`", ("id",))]


class Step(Part):
    """One request of a flow: exactly one of the methods, with its path."""

    one_of: ClassVar[tuple[str, ...]] = METHODS

    get: UrlTemplate | None = None
    """The path of a GET; all texts of a step may hold `{run_id}` and `{names}` saved by earlier ones."""
    post: UrlTemplate | None = None
    """The path of a POST."""
    put: UrlTemplate | None = None
    """The path of a PUT."""
    patch: UrlTemplate | None = None
    """The path of a PATCH."""
    delete: UrlTemplate | None = None
    """The path of a DELETE."""
    account: AccountName | None = None
    """Who asks; by default nobody."""
    webhook: WebhookName | None = None
    """The webhook whose sender signs the body."""
    json_: Any = Field(default=None, alias="json")
    """The body that is sent, as JSON."""
    expect: Statuses = (200,)
    """The status of a good answer, or several."""
    answer: Mapping[str, Any] | None = None
    """Members of a good answer: [values and kinds](#members-and-kinds)."""
    save: Mapping[SavedName, JsonPath] = Field(default_factory=dict)
    """What later steps use: a name, and where it stands in the answer, such as `$.items[0].id`."""
    always: Flag = False
    """Whether it is sent whatever happened before, to clean up."""

    @property
    def method(self) -> str:
        """Return the method in upper case."""
        return next(name for name in METHODS if getattr(self, name) is not None).upper()

    @property
    def path(self) -> str:
        """Return the path, placeholders not filled."""
        return next(path for path in (self.get, self.post, self.put, self.patch, self.delete) if path)

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Refuse a body where the method has none."""
        yield from super().misfits(raw)
        without = [method for method in ("get", "delete") if raw.get(method) is not None]
        if without and raw.get("json") is not None:
            message = f"`json` is the request's body, which `{without[0]}` does not have"
            yield Misfit(message, "write expected members under `answer:`", ("json",))


class Flow(Part):
    """Requests in order, each using what earlier ones answered.

    Example::

        flows:
          order:
            steps:
              - post: /api/orders/
                json: {note: "verify {run_id}"}
                expect: 201
                save: {order: $.id}
              - {get: "/api/orders/{order}/", answer: {state: open, total: number}}
              - {delete: "/api/orders/{order}/", expect: 204, always: true}
    """

    steps: tuple[Step, ...] = Field(min_length=1)
    """The requests."""

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Refuse placeholders that nothing before them saves."""
        yield from super().misfits(raw)
        steps = raw.get("steps")
        saved = {RUN_ID}
        for index, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
            if not isinstance(step, Mapping):
                continue
            for path, text in _texts(step, ("steps", index)):
                for name in _PLACEHOLDER.findall(text):
                    if name not in saved:
                        yield Misfit(f"nothing before this saves {shown(name)}", offer(name, saved), path)
            save = step.get("save")
            saved.update(save if isinstance(save, Mapping) else ())


def _texts(
    step: Mapping[str, Any], base: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the texts that are filled: the path, and each one in the body."""
    waiting = [((*base, key), step[key]) for key in (*METHODS, "json", "answer") if key in step]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, Mapping):
            waiting.extend(((*path, key), child) for key, child in value.items())
        elif isinstance(value, list | tuple):
            waiting.extend(((*path, index), child) for index, child in enumerate(value))
