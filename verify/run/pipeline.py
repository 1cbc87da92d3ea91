"""The way to where the contract's workflows run: with that token only, and reading only."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from verify.collectors.world import Forge
from verify.contract.pipeline import Pipeline
from verify.contract.reference import ReferenceSpec
from verify.contract.spec import Contract
from verify.contract.values import variable_of
from verify.effects.redact import Redactor
from verify.facts.http import Headers
from verify.run.misstated import MisstatedError
from verify.run.options import UsageError
from verify.run.ways import Way, reading

if TYPE_CHECKING:
    from verify.reference.system import Reference

#: who may read the pipeline that the reference plays
READER = "staff"


def forge_of(
    contract: Contract,
    variables: Mapping[str, str],
    redactor: Redactor,
    way: Way,
    *,
    root: Path,
) -> Forge:
    """Return where the contract's workflows run; raise ``UsageError`` for what is missing."""
    pipeline = _stated(contract)
    headers: Headers = ()
    if pipeline.token is not None:
        variable = variable_of(pipeline.token)
        value = variables.get(variable, "")
        if not value:
            message = f"the pipeline needs the environment variable {variable}, which is not set"
            raise MisstatedError([(pipeline.token, message)])
        headers = _bearer(variable, value, redactor)
    policy = reading(pipeline.api, private=pipeline.private)
    return Forge(
        url=pipeline.api + (pipeline.base or "").rstrip("/"),
        repository=pipeline.repository,
        transport=way(policy, root / pipeline.trust if pipeline.trust else None),
        headers=headers,
        variable=pipeline.token or "",
    )


def played_by(
    reference: "Reference", contract: Contract, spec: ReferenceSpec, redactor: Redactor, way: Way
) -> Forge:
    """Return the pipeline that the reference plays; raise ``UsageError`` where it plays none."""
    pipeline = _stated(contract)
    if spec.pipeline is None:
        raise UsageError(
            "the reference has no pipeline to look at: state `pipeline: /PATH/` under `reference:`"
        )
    variable = variable_of(pipeline.token) if pipeline.token else READER
    return Forge(
        url=reference.url + spec.pipeline.rstrip("/"),
        repository=pipeline.repository,
        transport=way(reading(reference.url, ours=True), reference.ca_file),
        headers=_bearer(variable, reference.accounts[READER], redactor),
        variable=pipeline.token or "",
    )


def _stated(contract: Contract) -> Pipeline:
    if contract.pipeline is None:
        raise UsageError("a claim about workflows needs `pipeline:` in the contract: it names the repository")
    return contract.pipeline


def _bearer(variable: str, value: str, redactor: Redactor) -> Headers:
    try:
        redactor.add(variable, value)
    except ValueError as error:
        raise UsageError(f"the pipeline: {error}") from error
    return (("Authorization", f"Bearer {value}"),)
