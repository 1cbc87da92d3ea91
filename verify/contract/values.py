"""The values of a contract as annotated types, for pydantic models and for dataclasses of rules."""

import datetime as dt
import re
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, Strict, StringConstraints
from pydantic import WithJsonSchema as Described

from verify.contract.origins import read_origin, read_relative
from verify.contract.patterns import Shape
from verify.contract.words import kind_of, shown
from verify.model.rule import Severity
from verify.model.units import Duration, Rate, Ratio, Size

__all__ = [
    "ClaimId",
    "Count",
    "Day",
    "Duration",
    "Flag",
    "Glob",
    "HeaderName",
    "HeaderValue",
    "Method",
    "Name",
    "OriginUrl",
    "PlainUrl",
    "Rate",
    "Ratio",
    "RelativePath",
    "RuleId",
    "SecretName",
    "Severity",
    "Size",
    "Status",
    "Statuses",
    "Suite",
    "Text",
    "UrlPath",
    "UrlTemplate",
    "variable_of",
]

#: a sentence or a word for people: never empty
Text = Annotated[str, StringConstraints(min_length=1)]
#: true or false, and nothing that merely resembles them
Flag = Annotated[bool, Strict()]
#: a whole number from 1
Count = Annotated[int, Strict(), Field(ge=1)]
#: a status code of HTTP
Status = Annotated[int, Strict(), Field(ge=100, le=599)]


_Entry = TypeVar("_Entry")
#: a list with at least one entry: what holds of nothing says nothing
Some: TypeAlias = Annotated[tuple[_Entry, ...], Field(min_length=1)]


def _one_or_many(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


#: one status code or several; always a tuple once read
Statuses = Annotated[
    tuple[Status, ...],
    BeforeValidator(_one_or_many),
    Field(min_length=1),
    Described(
        {
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "integer", "minimum": 100, "maximum": 599},
                },
            ]
        }
    ),
]

Name = Annotated[
    str,
    Shape(
        r"^[a-z][a-z0-9_-]{0,62}$",
        "expected a name such as `staging`: a lower-case letter, then at most 62 of a-z 0-9 _ -",
        ("staging", "health"),
    ),
]
ClaimId = Annotated[
    str,
    Shape(
        r"^[A-Za-z][A-Za-z0-9_.-]{0,62}$",
        "expected a claim's id such as `LEA-047`: a letter, then at most 62 of A-Z a-z 0-9 _ . -",
        ("LEA-047",),
    ),
]
RuleId = Annotated[
    str,
    Shape(
        r"^[a-z][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)+$",
        "expected a rule's id such as `redirect/https`; `deploy-verify rules` lists them",
        ("redirect/https",),
    ),
]
SecretName = Annotated[
    str,
    Shape(
        r"^\$[A-Za-z_][A-Za-z0-9_]*$",
        "a secret never stands in a contract: write the name of an environment variable, e.g. $STAGING_TOKEN",
        ("$STAGING_TOKEN",),
    ),
]
HeaderName = Annotated[
    str,
    Shape(
        r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "expected the name of a header such as `X-Release`", ("X-Release",)
    ),
]
HeaderValue = Annotated[
    str,
    Shape(
        r"^[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?$",
        "expected the value of a header: one line of ASCII",
        ("DENY",),
    ),
]
RelativePath = Annotated[
    str,
    Shape(
        r"^(?![/~]|[A-Za-z]:)[^\x00-\x1f\x7f\\]+$",
        "expected a path below the contract's folder such as `docs/deployment.md`",
        ("docs/deployment.md",),
        read_relative,
    ),
]


def _read_glob(text: str) -> str:
    if any("**" in part and part != "**" for part in text.split("/")):
        message = "`**` is any folders, and stands alone between slashes: write `**/*.yml`"
        raise ValueError(message)
    return read_relative(text)


#: a path that may hold ``*``, ``?``, ``[…]`` and ``**``
Glob = Annotated[
    str,
    Shape(
        r"^(?!(\./*)+$)(?![/~]|[A-Za-z]:)[^\x00-\x1f\x7f\\]+$",
        "expected files below the contract's folder such as `docker-compose*.yml`, not a folder itself",
        ("docker-compose*.yml",),
        _read_glob,
    ),
]
#: what may stand in the path and in the query of an address: anything else is percent-encoded
_PATH = r"A-Za-z0-9._~!$&'()*+,;=:@%/-"
_QUERY = _PATH + r"?\[\]|{}"
UrlPath = Annotated[
    str,
    Shape(
        rf"^/(?!/)[{_PATH}]*(\?[{_QUERY}]*)?$",
        "expected a path such as `/api/v1/healthcheck/`: it begins with one `/`, and what is not ASCII, "
        "a space or a sign such as `#` is percent-encoded (`/caf%C3%A9`)",
        ("/api/v1/healthcheck/",),
    ),
]
#: a path that may hold ``{names}``, which are filled in before it is asked
UrlTemplate = Annotated[
    str,
    Shape(
        rf"^/(?!/)[{_PATH}{{}}]*(\?[{_QUERY}]*)?$",
        "expected a path such as `/orders/{id}/`: it begins with one `/`, and what is not ASCII, "
        "a space or a sign such as `#` is percent-encoded (`/caf%C3%A9`)",
        ("/orders/{id}/",),
    ),
]
PlainUrl = Annotated[
    str,
    Shape(
        r"^[Hh][Tt][Tt][Pp]://[\x21-\x7e]+$",
        "expected an address of plain HTTP such as http://staging.example.com, then an ASCII host",
        ("http://staging.example.com",),
        read_origin,
    ),
]
OriginUrl = Annotated[
    str,
    Shape(
        r"^[Hh][Tt][Tt][Pp][Ss]?://[\x21-\x7e]+$",
        "expected an address such as https://staging.example.com: http or https, then an ASCII host",
        ("https://staging.example.com",),
        read_origin,
    ),
]

Suite = Literal["smoke", "policy", "hardening", "backup", "load", "alerts"]
Method = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


def _read_date(value: object) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if not isinstance(value, str):
        message = f"expected a date such as 2027-01-31, got {kind_of(value)}"
        raise ValueError(message)  # noqa: TRY004  # pydantic collects ValueError only
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return dt.date.fromisoformat(value)
    except ValueError:
        message = f"expected a date such as 2027-01-31; the calendar has no {value}"
        raise ValueError(message) from None
    message = f"expected a date such as 2027-01-31, got {shown(value)}"
    raise ValueError(message)


#: a day, written ``2027-01-31``
Day = Annotated[
    dt.date,
    PlainValidator(_read_date),
    PlainSerializer(dt.date.isoformat, return_type=str),
    Described({"type": "string", "format": "date", "examples": ["2027-01-31"]}),
]


def variable_of(secret: str) -> str:
    """Return the name of the environment variable that ``$NAME`` stands for."""
    return secret.removeprefix("$")
