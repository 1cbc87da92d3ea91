"""Webhooks: where others call the system, and how they prove who they are."""

from typing import Literal

from verify.contract.part import Part
from verify.contract.values import HeaderName, SecretName, UrlPath


class Webhook(Part):
    """One address that others post to.

    ``header`` carries the hexadecimal HMAC of the body under ``secret``, after ``prefix``.
    """

    path: UrlPath
    secret: SecretName
    header: HeaderName = "X-Signature"
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    prefix: str = ""
