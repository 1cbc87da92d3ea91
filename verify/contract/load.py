"""Bytes to a contract, or to everything that is wrong with them."""

from dataclasses import dataclass

from pydantic import ValidationError

from verify.contract.document import Document, read
from verify.contract.errors import ContractError, Problem
from verify.contract.explain import problems_from
from verify.contract.readable import readable
from verify.contract.references import check
from verify.contract.spec import Contract


@dataclass(frozen=True, slots=True)
class Loaded:
    """A contract and the document it was read from, which knows where everything stands."""

    contract: Contract
    document: Document


def load(data: bytes, name: str) -> Loaded:
    """Read the contract in ``data``, called ``name`` in messages.

    Raises ``ContractError`` with every problem of the file: of YAML, of single values
    and across sections. The values of ``with:`` stay plain data.
    """
    document, problems = read(data, name)
    if document is None:
        raise ContractError(problems)
    if not isinstance(document.value, dict):
        message = "expected a mapping (`key: value`) at the top"
        raise ContractError([*problems, Problem(document.place(), message, "begin with `verify: 1`")])
    contract = None
    try:
        contract = Contract.model_validate(document.value)
    except ValidationError as error:
        problems += problems_from(error, document, (), Contract, misfits=False)
        problems += check(document)
        # whatever refused it is told, if by no more than the models' own words
        problems = problems or problems_from(error, document, (), Contract)
    else:
        problems += check(document)
    if problems or contract is None:
        raise ContractError(problems, readable(document))
    return Loaded(contract, document)
