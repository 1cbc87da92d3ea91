"""What a contract says of the reference, in the terms of its processes."""

from pathlib import Path

from verify.contract.reference import ReferenceSpec
from verify.model.units import Rate
from verify.reference.config import Config, EdgeLimit, Quota
from verify.reference.errors import ReferenceSystemError

#: what a request line holds
LOGGED = (
    *("timestamp", "level", "logger", "event", "request_id"),
    *("method", "path", "status", "duration_ms", "user"),
)
_WINDOWS = (1, 60, 3600, 86400)
_FEW = 10


def config_of(spec: ReferenceSpec, *, folder: Path, secret: str) -> Config:
    """Return the configuration of a run, still without ports, parts and tokens.

    Raise ``ReferenceSystemError`` where the reference cannot keep what the contract says.
    """
    unknown = [name for name in spec.log_fields if name not in LOGGED]
    if unknown:
        msg = f"the reference does not log {', '.join(unknown)}: log_fields may name {', '.join(LOGGED)}"
        raise ReferenceSystemError(msg)
    edge = None
    if spec.edge is not None:
        edge = EdgeLimit(
            read=float(spec.edge.read),
            write=float(spec.edge.write),
            burst=spec.edge.burst,
            status=spec.edge.status,
        )
    return Config(
        folder=str(folder),
        secret=secret,
        api=spec.api if spec.api.endswith("/") else f"{spec.api}/",
        health=spec.health,
        liveness=spec.liveness,
        schema=spec.schema_,
        metrics=spec.metrics,
        dependencies=dict(spec.dependencies),
        unhealthy=spec.unhealthy,
        release=spec.release,
        headers=dict(spec.headers),
        edge=edge,
        anonymous=quota(spec.quotas.anonymous),
        authenticated=quota(spec.quotas.authenticated),
        origins=spec.origins,
        signin=spec.signin,
        webhook=spec.webhook if spec.webhook.endswith("/") else f"{spec.webhook}/",
        failure=spec.failure,
        identity=spec.identity,
        events={str(event): name for event, name in spec.events.items()},
        asset=spec.asset,
        echo=spec.echo,
        migrations=spec.migrations,
        metrics_public=spec.metrics_public,
        spa=spec.spa,
        media=spec.uploads,
        cdn=spec.cdn,
        pipeline=spec.pipeline,
    )


def quota(rate: Rate | None) -> Quota | None:
    """Return ``rate`` as a count in a window: ``100/h`` is 100 in an hour, and ``600/h`` is not ten a minute.

    Where no whole count was stated, the shortest window with one of at least ten is taken, so
    that a quota can be used up and seen.
    """
    if rate is None or rate <= 0:
        return None
    if rate.count.isdecimal():
        return Quota(count=int(rate.count), seconds=round(1 / Rate.units[rate.unit]))
    counts = [(round(rate * window), window) for window in _WINDOWS]
    whole = [
        (count, window)
        for count, window in counts
        if count and abs(rate * window - count) < 1e-6 * count  # what dividing by the unit may have lost
    ]
    usable = [pair for pair in whole if pair[0] >= _FEW] or whole or [(max(1, int(rate * 86400)), 86400)]
    return Quota(count=usable[0][0], seconds=usable[0][1])
