"""Reads a rule file: what its check asks for, what it states, how it is proven."""

import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from verify.contract.reference import ReferenceSpec
from verify.facts.files import FileFact, Files
from verify.judge.meaning import about, meanings
from verify.model.need import Effect, Need
from verify.model.rule import About, Breaks, Check, Given, Needs, Stated
from verify.model.units import Quantity

REFERENCE = "#/definitions/{model}"


class SchemaWriter(GenerateJsonSchema):
    """Writes the defaults of quantities as a contract would, and what the keys of a section mean."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the schema of a section of the contract."""
        written = super().model_schema(schema)
        written["description"] = about(schema["cls"])
        for key, said in meanings(schema["cls"]).items():
            written["properties"][key]["description"] = said
        return written

    def encode_default(self, dft: Any) -> Any:
        """Return a default as JSON."""
        return str(dft) if isinstance(dft, Quantity) else super().encode_default(dft)


class RuleError(Exception):
    """A rule file that is not complete; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of a check.

    ``source`` is ``stated``, ``file`` (judged for each), ``files`` (all at once) or
    ``fact``; ``type`` is the annotated class, the element's for ``files``.
    """

    name: str
    source: str
    type: Any


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule, read from its file."""

    id: str
    suite: str
    page: str
    about: About
    check: Check
    arguments: tuple[Argument, ...]
    holds: tuple[Given, ...]
    fails: tuple[Given, ...]
    source: str
    condition: Breaks | None = None
    hidden: Breaks | None = None

    @property
    def family(self) -> str:
        """Return the folder of the rule."""
        return self.id.partition("/")[0]

    @property
    def title(self) -> str:
        """Return the first line of the page."""
        return self.page.partition("\n")[0].strip()

    @property
    def params(self) -> type[Stated] | None:
        """Return the class of the values a claim states, None where it takes none."""
        return next((a.type for a in self.arguments if a.source == "stated"), None)

    @cached_property
    def validator(self) -> TypeAdapter[Any]:
        """Return what reads a claim's ``with:``; built when first claimed."""
        return TypeAdapter(self.params or _Nothing)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft-07) of what ``with:`` may hold, its definitions under ``$defs``."""
        return self.validator.json_schema(
            by_alias=True, ref_template=REFERENCE, mode="validation", schema_generator=SchemaWriter
        )

    @property
    def file_argument(self) -> Argument | None:
        """Return the argument that is judged for each file."""
        return next((a for a in self.arguments if a.source == "file"), None)

    def needs(self, stated: Stated | None) -> dict[str, tuple[Need, ...]]:
        """Return what has to be seen, by argument; one need or several."""
        asked: dict[str, tuple[Need, ...]] = {}
        live: Needs = stated.needs() if stated is not None else {}
        for argument in self.arguments:
            if argument.source in {"file", "files"}:
                asked[argument.name] = (Files(argument.type),)
            elif argument.source == "fact":
                need = live.get(argument.name)
                if need is None:
                    raise RuleError(f"rule {self.id}: needs() has no {argument.name!r}, which check asks for")
                asked[argument.name] = need if isinstance(need, tuple) else (need,)
        return asked

    def effect(self, stated: Stated | None) -> Effect:
        """Return the gravest effect that judging ``stated`` has."""
        needs = [need.effect for group in self.needs(stated).values() for need in group]
        return max(needs, default=Effect.READS)

    def last(self, stated: Stated | None) -> bool:
        """Tell whether judging ``stated`` comes after everything else."""
        return any(need.last for group in self.needs(stated).values() for need in group)

    def breaking(self, stated: Stated | None) -> bool:
        """Tell whether judging ``stated`` stops a part of the system."""
        return any(need.breaking for group in self.needs(stated).values() for need in group)

    def sums(self, stated: Stated | None) -> bool:
        """Tell whether judging ``stated`` sums up what other claims came out as."""
        return any(need.sums for group in self.needs(stated).values() for need in group)

    def breaks(self, fault: str, stated: Stated | None, reference: ReferenceSpec) -> bool:
        """Tell whether ``fault`` in a system that promises ``reference`` violates what is stated."""
        if fault not in self.about.faults:
            return False
        return self.condition is None or self.condition(fault, stated, reference)

    def hides(self, fault: str, stated: Stated | None, reference: ReferenceSpec) -> bool:
        """Tell whether what is stated cannot be judged under ``fault``, by the rule's own word."""
        return self.hidden is not None and self.hidden(fault, stated, reference)

    def live(self, stated: Stated | None) -> bool:
        """Tell whether an environment has to be there."""
        return any(need.live for group in self.needs(stated).values() for need in group)


@dataclass(frozen=True)
class _Nothing(Stated):
    """The parameters of a rule that takes none."""


def read_rule(rule_id: str, suite: str, module: ModuleType) -> Rule:
    """Return the rule that ``module`` is; raise ``RuleError`` with everything missing."""
    missing: list[str] = []
    page = inspect.getdoc(module) or ""
    if not page or "\nFix:" not in page:
        missing.append("a docstring that ends with a paragraph `Fix: …`")
    check = getattr(module, "check", None)
    about = getattr(check, "__rule__", None)
    if check is None or not isinstance(about, About):
        raise RuleError(f"rule {rule_id} ({module.__file__}): expected a function `check` under @rule(…)")
    arguments = tuple(_arguments(rule_id, check))
    stated = getattr(module, "STATED", None)
    default = stated if isinstance(stated, Stated) else None
    proofs: dict[str, tuple[Given, ...]] = {}
    for name in ("HOLDS", "FAILS"):
        proofs[name] = _proofs(getattr(module, name, None), default, arguments)
        if not proofs[name]:
            missing.append(f"{name}, a proof or a list of them")
    if missing:
        raise RuleError(f"rule {rule_id} ({module.__file__}): expected " + "; ".join(missing))
    return Rule(
        id=rule_id,
        suite=suite,
        page=page,
        about=about,
        check=check,
        arguments=arguments,
        holds=proofs["HOLDS"],
        fails=proofs["FAILS"],
        source=module.__file__ or module.__name__,
        condition=getattr(module, "breaks", None),
        hidden=getattr(module, "hides", None),
    )


def _arguments(rule_id: str, check: Check) -> "typing.Iterator[Argument]":
    try:
        hints = typing.get_type_hints(check, include_extras=True)
    except NameError as error:
        raise RuleError(f"rule {rule_id}: an annotation of check cannot be read: {error}") from error
    for name in inspect.signature(check).parameters:
        kind = hints.get(name)
        if kind is None:
            raise RuleError(f"rule {rule_id}: argument {name!r} of check has no annotation")
        element = typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else kind
        if isinstance(element, type) and issubclass(element, FileFact):
            yield Argument(name=name, source="file" if element is kind else "files", type=element)
        elif isinstance(kind, type) and issubclass(kind, Stated):
            complete = is_dataclass(kind)
            if not complete:
                raise RuleError(f"rule {rule_id}: {kind.__name__} is not a dataclass")
            yield Argument(name=name, source="stated", type=kind)
        else:
            yield Argument(name=name, source="fact", type=kind)


def _proofs(value: object, default: Stated | None, arguments: tuple[Argument, ...]) -> tuple[Given, ...]:
    """Accept one proof or a list; each a text, named texts or ``given(…)``."""
    each = value if isinstance(value, list) else [value]
    proofs = []
    for proof in each:
        if isinstance(proof, Given):
            proofs.append(proof)
        elif isinstance(proof, str):
            proofs.append(Given(stated=default, files={_usual_name(arguments): proof}))
        elif isinstance(proof, Mapping):
            proofs.append(Given(stated=default, files=proof))
    return tuple(proofs)


def _usual_name(arguments: tuple[Argument, ...]) -> str:
    """Return a file name that the rule's kind of file matches."""
    kind = next((a.type for a in arguments if a.source in {"file", "files"}), None)
    return str(kind.patterns[0]).replace("*", "") if kind is not None else "file"
