"""Judgements, one rule a file; its path is its id. This module is what a rule imports from."""

from verify.contract import EndpointSpec
from verify.contract.named import Endpoint, FlowName
from verify.contract.reference import ReferenceSpec
from verify.contract.values import Duration, Rate, Ratio, Size
from verify.model.finding import Finding, Nothing, Seen, Unknown
from verify.model.place import Place
from verify.model.rule import Stated, given, rule
from verify.model.units import seconds

__all__ = [
    "Duration",
    "Endpoint",
    "EndpointSpec",
    "Finding",
    "FlowName",
    "Nothing",
    "Place",
    "Rate",
    "Ratio",
    "ReferenceSpec",
    "Seen",
    "Size",
    "Stated",
    "Unknown",
    "given",
    "rule",
    "seconds",
]
