"""A text of a certain shape, as pydantic and JSON Schema both understand it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class Shape:
    """Metadata for ``Annotated[str, Shape(…)]``.

    ``pattern`` is anchored and understood by JSON Schema too; ``message`` says what is
    expected; ``check`` may refuse more or normalise. No message repeats the text,
    because a text in the wrong field may be a secret.
    """

    pattern: str
    message: str
    examples: tuple[str, ...] = ()
    check: Callable[[str], str] | None = None

    def read(self, value: object) -> str:
        """Return the text as it is kept; raise ``ValueError`` where the shape is another."""
        # fullmatch, because `$` would accept a line break at the end
        pattern = self.pattern.removeprefix("^").removesuffix("$")
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise ValueError(self.message)
        return self.check(value) if self.check is not None else value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read with ``read`` alone."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe the shape for editors."""
        described: dict[str, Any] = {"type": "string", "pattern": self.pattern}
        if self.examples:
            described["examples"] = list(self.examples)
        return described
