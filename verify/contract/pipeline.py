"""The pipeline that builds and deploys the system."""

from typing import Annotated

from verify.contract.part import Part
from verify.contract.patterns import Shape
from verify.contract.values import Flag, OriginUrl, RelativePath, SecretName, UrlPath

Repository = Annotated[
    str,
    Shape(
        r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$",
        "expected OWNER/NAME as in the repository's address",
        ("example/shop",),
    ),
]


class Pipeline(Part):
    """The ``repository`` whose workflows run on GitHub, asked read-only with ``token`` and with nothing else.

    ``api`` is where its REST API answers, below ``base`` on a GitHub Enterprise Server: ``/api/v3``.
    A public repository needs no token, but is limited sooner without. Of a server of one's own ``trust``
    names a file of certificate authorities, and ``private`` says that it lies at a private address.
    """

    repository: Repository
    api: OriginUrl = "https://api.github.com"
    base: UrlPath | None = None
    token: SecretName | None = None
    trust: RelativePath | None = None
    private: Flag = False
