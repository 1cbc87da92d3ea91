"""How ``deploy-verify clean`` removes what a killed run left in an environment."""

import os

from verify import __version__
from verify.contract.endpoint import Account
from verify.contract.values import variable_of
from verify.drills import rds
from verify.drills.store import objects
from verify.effects.journal import Record, reaper
from verify.effects.leftovers import CannotReap
from verify.effects.origin import Origin
from verify.effects.protection import Policy
from verify.effects.redact import Redactor
from verify.effects.transport import Request, Transport
from verify.facts.http import Headers
from verify.model.need import Effect
from verify.run.secrets import headers_of

_GONE = frozenset({404, 410})
_OK = range(200, 300)


def register() -> None:
    """Let ``clean`` know what this package creates in environments."""
    reaper("http-resource")(_remove)
    reaper("scratch-database")(_drop)
    reaper("sentinel-schema")(_drop_schema)
    reaper(objects.KIND)(objects.reap)
    reaper(rds.KIND)(rds.reap)


def _drop(record: Record) -> str:
    """Drop the database that a drill had made on a server that is not ours."""
    try:
        from verify.drills.postgres.scratch import reap
    except ImportError as error:
        raise _lacking(error) from error
    return reap(record)


def _drop_schema(record: Record) -> str:
    """Drop the schema that a drill had made in a source."""
    try:
        from verify.drills.postgres.sentinel import reap
    except ImportError as error:
        raise _lacking(error) from error
    return reap(record)


def _lacking(error: ImportError) -> CannotReap:
    return CannotReap(f"{error}: install pytest-deploy-verify[backup] and clean again")


def _remove(record: Record) -> str:
    """Send the clean-up request that a flow had promised before it was killed."""
    details = record.details
    redactor = Redactor()
    url = str(details["url"])
    private = details.get("private") is True
    policy = Policy(origins=frozenset({Origin.of(url)}), destructive=True, private=private, budget=1)
    agent = f"deploy-verify/{__version__} clean/{record.run_id}"
    trust = details.get("trust")
    headers = _headers(details.get("account"), redactor)
    request = Request(method=str(details["method"]), url=url, headers=headers)
    with Transport(policy, redactor=redactor, user_agent=agent, trust=trust) as transport:
        answer = transport.send(request, effect=Effect.DESTROYS)
    if answer.status in _OK:
        return f"{answer.place} answered {answer.status}"
    if answer.status in _GONE:
        return "was gone already"
    raise CannotReap(f"{answer.place} answered {answer.status}: remove it by hand")


def _headers(stated: object, redactor: Redactor) -> Headers:
    if stated is None:
        return ()
    account = Account.model_validate(stated)
    variable = variable_of(account.secret)
    value = os.environ.get(variable, "")
    if not value:
        raise CannotReap(f"its account needs the environment variable {variable}: set it and clean again")
    redactor.add(variable, value)
    return headers_of(account, value, redactor)
