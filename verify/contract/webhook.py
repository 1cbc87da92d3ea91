"""Webhooks: where others call the system, and how they prove who they are."""

from typing import Literal

from verify.contract.part import Part
from verify.contract.values import HeaderName, SecretName, UrlPath


class Webhook(Part):
    """One address that others post to, and how they prove who they are: an HMAC of the body.

    Example::

        webhooks: {payment: {path: /webhooks/payment/, secret: $PAYMENT_SECRET}}
    """

    path: UrlPath
    """The path they post to."""
    secret: SecretName
    """The variable that holds the shared secret."""
    header: HeaderName = "X-Signature"
    """The header that carries the HMAC, in hexadecimal."""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    """The hash of the HMAC."""
    prefix: str = ""
    """What stands before the HMAC in the header, such as `sha256=`."""
