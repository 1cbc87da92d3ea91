"""Judgements, one rule a file; its path is its id. This module is what a rule imports from."""

from verify.contract import EndpointSpec
from verify.contract.backup import Backup as BackupSpec
from verify.contract.bounds import Times, Wait
from verify.contract.named import (
    AccountName,
    Backup,
    BackupName,
    DrillName,
    Endpoint,
    EnvironmentName,
    FlowName,
    NamedBackup,
    SourceName,
    WebhookName,
)
from verify.contract.reference import ReferenceSpec
from verify.contract.values import Duration, OriginUrl, Rate, Ratio, Size, Some, Text, UrlPath, UrlTemplate
from verify.contract.values import Suite as SuiteName
from verify.model.finding import Finding, Nothing, Seen, Unknown
from verify.model.place import Place
from verify.model.rule import Stated, given, rule
from verify.model.units import seconds

__all__ = [
    "AccountName",
    "Backup",
    "BackupName",
    "BackupSpec",
    "DrillName",
    "Duration",
    "Endpoint",
    "EndpointSpec",
    "EnvironmentName",
    "Finding",
    "FlowName",
    "NamedBackup",
    "Nothing",
    "OriginUrl",
    "Place",
    "Rate",
    "Ratio",
    "ReferenceSpec",
    "Seen",
    "Size",
    "Some",
    "SourceName",
    "Stated",
    "SuiteName",
    "Text",
    "Times",
    "Unknown",
    "UrlPath",
    "UrlTemplate",
    "Wait",
    "WebhookName",
    "given",
    "rule",
    "seconds",
]
