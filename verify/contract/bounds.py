"""Quantities that somebody waits for, or divides by: more than nothing, and no more than makes sense."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, core_schema

from verify.model.units import Duration, Quantity


@dataclass(frozen=True)
class Bounds:
    """Metadata of a quantity that is never zero, and at most ``most``."""

    most: Quantity | None = None

    def read(self, value: Quantity) -> Quantity:
        """Return ``value``; raise ``ValueError`` where it is too small or too large."""
        if not value:
            raise ValueError(f"expected {value.what} above zero such as {value.example}, got {value}")
        if self.most is not None and value > self.most:
            raise ValueError(f"expected {value.what} of at most {self.most}, got {value}")
        return value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read as the quantity does, then look at its size."""
        return core_schema.no_info_after_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell editors that one digit at least is not zero."""
        described = dict(handler(schema))
        pattern = str(described["pattern"]).removeprefix("^")
        return {**described, "pattern": f"^(?=.*[1-9]){pattern}"}


#: a time that is waited for, or that one waits between two questions
Wait = Annotated[Duration, Bounds(most=Duration.parse("7d"))]
#: how many requests a check sends
Times = Annotated[int, Strict(), Field(ge=1, le=1000)]
