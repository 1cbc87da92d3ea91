"""How the front behaves: the knobs that faults turn, as one frozen value.

The server asks the knobs and knows no fault's name, so a new fault over existing knobs
is one entry in ``faults.py``.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.reference.config import MEDIA


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """Each default is the promise kept.

    ``dropped_headers`` are lower-case names; ``edge_read``, ``edge_write`` and ``quota``
    scale the stated limits, None lifting them; ``ready_at`` is a time of the monotonic
    clock before which the health endpoint says it is not ready. ``set_headers`` are lines
    ``Name: value`` that replace what is promised; ``cookie_drops`` are attributes in lower
    case; ``exposed`` are kinds of ``server.exposed.FILES``; ``scraping`` its metrics ``works``,
    ``fails``, or has ``stopped``.
    """

    dropped_headers: tuple[str, ...] = ()
    headers_on_errors: bool = True
    request_id: bool = True
    retry_after: bool = True
    release: str = ""
    release_mixed: str = ""
    health_checks: bool = True
    health_omits: int = 0
    health_status: int = 0
    health_json: bool = True
    liveness_deep: bool = False
    liveness_lasts: int = 0
    ready_at: float = 0.0
    plain: str = "redirect"
    redirect_status: int = 301
    redirect_host: str = ""
    redirect_path: bool = True
    products_status: int = 200
    products_delay: float = 0.0
    schema: str = "valid"
    schema_dead: bool = False
    metrics: bool = True
    log_json: bool = True
    log_omits: tuple[str, ...] = ()
    log_leaks: bool = False
    answer_leaks: bool = False
    events: bool = True
    sticky_sessions: bool = False
    task_delay: float = 0.0
    same_database: bool = False
    live_key: bool = False
    webhook_verified: bool = True
    debug: bool = False
    edge_read: float | None = 1.0
    edge_write: float | None = 1.0
    edge_burst: float = 1.0
    quota: float | None = 1.0
    deposits_count: bool = True
    deletes: bool = True
    media: str = MEDIA
    set_headers: tuple[str, ...] = ()
    cookie_drops: tuple[str, ...] = ()
    cors: str = "stated"
    any_host: bool = False
    only_host: str = ""
    trusts_forwarded_host: bool = False
    open_redirect: bool = False
    slash: bool = True
    exposed: tuple[str, ...] = ()
    health_leaks: bool = False
    health_cacheable: bool = False
    health_login: bool = False
    access_open: bool = False
    any_token: bool = False
    products_drift: bool = False
    asset: str = "cached"
    metrics_public: bool = False
    metrics_empty: tuple[str, ...] = ()
    migrations_behind: bool = False
    forwarded: str = "set"
    spa: str = "falls back"
    mail: str = "secured"
    uploads: str = "served"
    cdn: bool = True
    origin_open: bool = False
    release_elsewhere: str = ""
    pipeline_slowed: float = 1.0
    scraping: str = "works"
    logs_shipped: bool = True
    dashboard_known: bool = True


def merged(changes: Iterable[Mapping[str, object]]) -> Behaviour:
    """Apply all ``changes`` in order: tuples are joined, any other value replaces."""
    values: dict[str, object] = {}
    for change in changes:
        for name, value in change.items():
            before = values.get(name)
            joined = isinstance(before, tuple) and isinstance(value, tuple)
            values[name] = (*before, *value) if joined else value  # type: ignore[misc] # joined means both are tuples
    return dataclasses.replace(Behaviour(), **values)  # type: ignore[arg-type] # names and types are checked by tests over all faults


def dumped(behaviour: Behaviour) -> str:
    """Return the JSON text of ``behaviour``."""
    return json.dumps(dataclasses.asdict(behaviour))


def read(path: Path) -> Behaviour:
    """Read what ``dumped`` gave; without a file everything is as promised."""
    if not path.exists():
        return Behaviour()
    data: dict[str, Any] = json.loads(path.read_text())
    lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    return Behaviour(**(data | lists))
