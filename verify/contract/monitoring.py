"""Where an environment is watched: what keeps its metrics and logs, and what shows them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from verify.contract.part import AccountName, Misfit, Part
from verify.contract.patterns import Shape
from verify.contract.values import Flag, OriginUrl, RelativePath, SecretName, Statuses, Text, UrlPath
from verify.contract.words import listed

Kind = Literal["prometheus", "loki", "elasticsearch", "grafana", "cloudwatch", "page"]

#: names of indices, as a search takes them
Indices = Annotated[
    str,
    Shape(
        r"^[a-z0-9.*][a-z0-9._*-]*(,[a-z0-9.*][a-z0-9._*-]*)*$",
        "expected the names of indices such as `logs-*`: lower case, commas between them",
        ("logs-*",),
    ),
]
_LABELS = r"\{([^{}\"\n]|\"([^\"\\\n]|\\[^\n])*\")+\}"
#: which streams of Loki are the system's
Streams = Annotated[
    str,
    Shape(rf"^{_LABELS}$", 'expected a selector of streams such as {app="shop"}', ('{app="shop"}',)),
]
#: a region of Amazon's, which becomes part of a host's name
Region = Annotated[
    str, Shape(r"^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$", "expected a region such as us-east-1", ("us-east-1",))
]
LogGroup = Annotated[
    str,
    Shape(r"^[A-Za-z0-9_./#-]{1,512}$", "expected the name of a log group such as /ecs/shop", ("/ecs/shop",)),
]
#: a vector selector of PromQL
Series = Annotated[
    str,
    Shape(
        rf"^(?=.{{1,500}}$)[a-zA-Z_:][a-zA-Z0-9_:]*({_LABELS})?$",
        'expected a series such as http_requests_total or up{job="shop"}: a name, then labels',
        ("http_requests_total", 'up{job="shop"}'),
    ),
]
_KINDS: tuple[Kind, ...] = get_args(Kind)
#: what a kind cannot be asked without, and what no other kind takes
_OWN: Mapping[str, str] = {
    "index": "elasticsearch",
    "select": "loki",
    "expect": "page",
    "region": "cloudwatch",
    "access": "cloudwatch",
    "secret": "cloudwatch",
    "group": "cloudwatch",
}
_NEEDED: Mapping[str, str] = {
    "index": "say where the system's logs are",
    "select": "say where the system's logs are",
    "region": "such as `region: us-east-1`",
    "access": "add `access: $NAME`",
    "secret": "add `secret: $NAME`",
}
#: what watches the reference
_REFERENCE = ("prometheus", "loki", "grafana")


class Source(Part):
    """One place where the environment is watched; it is only ever read.

    Example::

        environments:
          production:
            url: https://api.example.com
            monitoring:
              metrics: {kind: prometheus, url: https://metrics.example.com, account: prometheus}
              lines: {kind: loki, url: https://logs.example.com, select: '{app="shop"}'}
              status: {kind: page, url: https://status.example.com, knows: Shop}
        accounts: {prometheus: {bearer: $PROMETHEUS_TOKEN}}
    """

    kind: Kind
    """What it is; `page` is any page that shows the state."""
    url: OriginUrl | None = None
    """Its address. The reference's own has none, CloudWatch Amazon's by default."""
    path: UrlPath = "/"
    """Where its interface begins; of a `page` what is asked."""
    account: AccountName | None = None
    """Who asks: an account of its own, that nothing else asks with."""
    knows: Text | None = None
    """A word for the service that the title of a dashboard, a job or the page holds."""
    index: Indices | None = None
    """Kind `elasticsearch`: the indices with the system's logs."""
    select: Streams | None = None
    """Kind `loki`: which streams are the system's."""
    expect: Statuses = (200,)
    """Kind `page`: the status of a good answer, or several."""
    region: Region | None = None
    """Kind `cloudwatch`: the region that is asked."""
    access: SecretName | None = None
    """Kind `cloudwatch`: the variable with the id of the credentials."""
    secret: SecretName | None = None
    """Kind `cloudwatch`: the variable with their secret."""
    group: LogGroup | None = None
    """Kind `cloudwatch`: the log group of the system."""
    trust: RelativePath | None = None
    """A file (PEM) of certificate authorities to trust in place of the usual ones."""
    private: Flag = False
    """Whether its name lies at a private address."""

    @classmethod
    def misfits(cls, raw: Mapping[str, Any]) -> Iterator[Misfit]:
        """Refuse what belongs to another kind, and a kind without what it needs."""
        yield from super().misfits(raw)
        kind = raw.get("kind")
        for key, owner in _OWN.items():
            stated = raw.get(key) is not None
            if stated and kind in _KINDS and kind != owner:
                yield Misfit(f"`{key}` is of kind `{owner}`", "remove this line", (key,))
            if key in _NEEDED and kind == owner and not stated:
                yield Misfit(f"kind `{owner}` needs `{key}:`", _NEEDED[key], ("kind",))
        if kind == "cloudwatch" and raw.get("account") is not None:
            message = "kind `cloudwatch` asks with `access:` and `secret:`"
            yield Misfit(message, "remove this line", ("account",))


def misplaced(sources: object, reference: object) -> Iterator[Misfit]:
    """Yield the sources of an environment that nobody can ask.

    The reference has its own, where it is told to; whatever else is watched has an address.
    """
    watched = isinstance(reference, Mapping) and reference.get("monitoring") is True
    for name, source in _entries(sources):
        path, url = ("monitoring", name), source.get("url")
        if reference is not None and url is not None:
            yield Misfit("the reference is watched by its own", "remove this line", (*path, "url"))
        elif reference is not None and not watched:
            yield Misfit("the reference is not watched", "state `reference: {monitoring: true}`", path)
        elif reference is not None and source.get("kind") not in (*_REFERENCE, None):
            message = f"the reference is watched by {listed(_REFERENCE)}"
            yield Misfit(message, "write one of these", (*path, "kind"))
        elif reference is None and url is None and source.get("kind") != "cloudwatch":
            yield Misfit("expected `url`, where it answers", "add it", path)


def shared(contract: Mapping[str, Any]) -> Iterator[Misfit]:
    """Yield the sources that would be shown an account of the system itself."""
    environments = _entries(contract.get("environments"))
    users = [each for _, each in (*environments, *_entries(contract.get("endpoints")))]
    for _, flow in _entries(contract.get("flows")):
        steps = flow.get("steps")
        users += _mappings(steps if isinstance(steps, list | tuple) else ())
    own = {user.get("account") for user in users if isinstance(user.get("account"), str)}
    for environment, each in environments:
        for name, source in _entries(each.get("monitoring")):
            account = source.get("account")
            if isinstance(account, str) and account in own:
                message = f"account {account!r} is the system's, and not shown to others"
                path = ("environments", environment, "monitoring", name, "account")
                yield Misfit(message, "declare one of the source's own", path)


def _entries(section: object) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the entries of a section that may hold anything, those that are mappings."""
    found = section.items() if isinstance(section, Mapping) else ()
    return [(name, each) for name, each in found if isinstance(each, Mapping)]


def _mappings(values: Iterable[object]) -> list[Mapping[str, Any]]:
    return [each for each in values if isinstance(each, Mapping)]
