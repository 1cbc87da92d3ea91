"""Who gets into a bucket and when its objects expire, by its settings."""

from typing import Any

import pytest

from verify.facts.backup import Expiry
from verify.facts.bucket import allowed_to_all, expiries, granted_to_all, partial, public

ALL = "http://acs.amazonaws.com/groups/global/AllUsers"
ACCOUNTS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"


@pytest.mark.parametrize(
    ("grantee", "expected"),
    [
        ({"URI": ALL}, True),
        ({"URI": ACCOUNTS}, True),
        ({"ID": "owner"}, False),
        ({"URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, False),
    ],
)
def test_lists(grantee: dict[str, str], expected: Any) -> None:
    assert granted_to_all([{"Grantee": {"ID": "x"}}, {"Grantee": grantee, "Permission": "READ"}]) is expected


ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ([], False),
        (ALLOW, True),
        ([ALLOW], True),
        ([{**ALLOW, "Principal": {"AWS": "*"}}], True),
        ([{**ALLOW, "Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}}], True),
        ([{**ALLOW, "Principal": {"AWS": "arn:aws:iam::1:root"}}], False),
        ([{"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}, "Action": "*"}], True),
        ([{**ALLOW, "Effect": "Deny"}], False),
        ([{**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}], None),
        ([{**ALLOW, "Condition": {}}, {**ALLOW, "Condition": {"Bool": {}}}], True),
    ],
)
def test_policies(statement: Any, expected: Any) -> None:
    assert allowed_to_all({"Statement": statement}) is expected


@pytest.mark.parametrize(
    ("acl", "policy", "block", "expected"),
    [
        (False, False, {}, False),
        (True, None, {}, True),
        (None, True, {}, True),
        (None, False, {}, None),
        (False, None, {}, None),
        (True, True, {"IgnorePublicAcls": True, "RestrictPublicBuckets": True}, False),
        (None, None, {"IgnorePublicAcls": True, "RestrictPublicBuckets": True}, False),
        (True, False, {"BlockPublicAcls": True, "RestrictPublicBuckets": True}, True),
        (False, True, {"IgnorePublicAcls": True, "BlockPublicPolicy": True}, True),
    ],
)
def test_who_gets_in(acl: Any, policy: Any, block: dict[str, bool], expected: Any) -> None:
    assert public(acl=acl, policy=policy, block=block) is expected


@pytest.mark.parametrize(
    ("rule", "expected", "some"),
    [
        ({"Filter": {"Prefix": "a/"}, "Expiration": {"Days": 7}}, (Expiry(prefix="a/", days=7),), False),
        ({"Prefix": "a/", "Expiration": {"Days": 7}}, (Expiry(prefix="a/", days=7),), False),
        ({"Filter": {}, "Expiration": {"Days": 7}}, (Expiry(prefix="", days=7),), False),
        ({"Filter": {"And": {"Prefix": "a/", "Tags": []}}, "Expiration": {"Days": 7}}, (), True),
        ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 7}}, (), True),
        ({"Filter": {"ObjectSizeGreaterThan": 1}, "Transitions": []}, (), False),
        ({"Filter": {}, "Expiration": {"ExpiredObjectDeleteMarker": True}}, (), False),
        (
            {"Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 3}},
            (Expiry(prefix="", days=3, noncurrent=True),),
            False,
        ),
    ],
)
def test_what_expires(rule: dict[str, Any], expected: tuple[Expiry, ...], some: Any) -> None:
    assert expiries([{**rule, "Status": "Enabled"}]) == expected
    assert partial([{**rule, "Status": "Enabled"}]) is some
    assert expiries([{**rule, "Status": "Disabled"}]) == ()
    assert not partial([{**rule, "Status": "Disabled"}])
