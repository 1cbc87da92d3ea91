"""What the settings of a bucket come to: who may read it, and when what lies in it expires."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from verify.facts.backup import Expiry

_EVERYBODY = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)


def granted_to_all(grants: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether an access control list gives everybody, or everybody with any account, anything."""
    return any(grant.get("Grantee", {}).get("URI") in _EVERYBODY for grant in grants)


def allowed_to_all(policy: Mapping[str, Any]) -> bool | None:
    """Say whether a bucket's policy allows everybody something; None where a condition decides."""
    statements = policy.get("Statement", ())
    each = [statements] if isinstance(statements, Mapping) else list(statements)
    for_all = [one for one in each if one.get("Effect") == "Allow" and _everybody(one)]
    if any(not one.get("Condition") for one in for_all):
        return True
    return None if for_all else False


def _everybody(statement: Mapping[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    values = principal.values() if isinstance(principal, Mapping) else [principal]
    return any("*" in ([value] if isinstance(value, str) else value or ()) for value in values)


def public(*, acl: bool | None, policy: bool | None, block: Mapping[str, bool]) -> bool | None:
    """Say whether everybody gets in: by ``acl`` or by ``policy``, unless ``block`` forbids it.

    ``block`` is the bucket's block of public access; None means that it could not be seen.
    """
    by_acl = False if block.get("IgnorePublicAcls") else acl
    by_policy = False if block.get("RestrictPublicBuckets") else policy
    if by_acl or by_policy:
        return True
    return None if by_acl is None or by_policy is None else False


def expiries(rules: Sequence[Mapping[str, Any]]) -> tuple[Expiry, ...]:
    """Return what enabled lifecycle rules remove; those for some objects of a prefix only are left out."""
    return tuple(each for rule in rules if rule.get("Status") == "Enabled" for each in _of_rule(rule))


def partial(rules: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether an enabled lifecycle rule expires some objects of a prefix only, by tag or size."""
    return any(
        rule.get("Status") == "Enabled" and _prefix(rule) is None and ("Expiration" in rule) for rule in rules
    )


def _of_rule(rule: Mapping[str, Any]) -> Iterator[Expiry]:
    prefix = _prefix(rule)
    if prefix is None:
        return
    days = rule.get("Expiration", {}).get("Days")
    if days:
        yield Expiry(prefix=prefix, days=int(days))
    noncurrent = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
    if noncurrent:
        yield Expiry(prefix=prefix, days=int(noncurrent), noncurrent=True)


def _prefix(rule: Mapping[str, Any]) -> str | None:
    """Return what a rule is limited to, None where it is more than a prefix."""
    limits = rule.get("Filter", {})
    limits = {**limits, **limits.get("And", {})}
    if set(limits) - {"Prefix", "And"}:
        return None
    return str(limits.get("Prefix", rule.get("Prefix", "")) or "")
