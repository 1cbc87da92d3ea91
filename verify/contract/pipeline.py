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
    """The repository whose workflows run on GitHub; it is only read.

    Example::

        pipeline: {repository: example/shop, token: $GITHUB_TOKEN}
    """

    repository: Repository
    """Its owner and name."""
    api: OriginUrl = "https://api.github.com"
    """Where the REST API answers."""
    base: UrlPath | None = None
    """The path below which it answers on a GitHub Enterprise Server: `/api/v3`."""
    token: SecretName | None = None
    """The variable with a token that may read Actions; a public repository needs none, but is limited
    sooner.
    """
    trust: RelativePath | None = None
    """A file (PEM) of certificate authorities, for a server of one's own."""
    private: Flag = False
    """Whether that server lies at a private address."""
