"""What a fault of the reference shows of itself, for rules that it breaks for some stated values only."""

from math import ceil

from verify.contract.reference import ReferenceSpec
from verify.facts.burst import Burst
from verify.facts.http import Exchange
from verify.model.units import Rate, seconds

#: fault -> the parts that do not answer then; what the worker says of itself passes through Redis
GONE = {
    "database-down": frozenset({"database"}),
    "redis-down": frozenset({"redis", "worker"}),
    "redis-hang": frozenset({"redis", "worker"}),
    "worker-down": frozenset({"worker"}),
    "storage-down": frozenset({"storage"}),
}
#: fault -> the header that no answer carries then
DROPS = {
    "no-hsts": "strict-transport-security",
    "no-csp": "content-security-policy",
    "no-frame-options": "x-frame-options",
    "no-nosniff": "x-content-type-options",
    "no-xss-protection": "x-xss-protection",
}
#: fault -> header and value that every answer carries then
SETS = {
    "hsts-short": ("strict-transport-security", "max-age=300"),
    "frame-options-sameorigin": ("x-frame-options", "SAMEORIGIN"),
    "csp-unsafe": ("content-security-policy", "default-src * 'unsafe-inline'"),
}
#: requests that the reference answers at once, and what endpoint-slow takes
AT_ONCE, SLOW = 16, seconds(3)
#: that each answer is given, where a run states no other deadline
DEADLINE = seconds(10)
#: faults after which the health endpoint gives another status, whatever its dependencies say
SICK = frozenset({"health-wrong-status", "health-login", "never-ready"})


def unwell(fault: str, reference: ReferenceSpec) -> frozenset[str]:
    """Return the stated names of the dependencies that are down because of ``fault``."""
    gone = GONE.get(fault, frozenset())
    return frozenset(name for name, part in reference.dependencies.items() if part in gone)


def unhealthy(fault: str, reference: ReferenceSpec) -> bool:
    """Tell whether the health endpoint answers with another status because of ``fault``."""
    return fault in SICK or bool(unwell(fault, reference))


def in_api(path: str, reference: ReferenceSpec) -> bool:
    """Tell whether the limits at the edge count requests to ``path``."""
    return path.startswith(reference.api.removesuffix("/") + "/")


def tight(reference: ReferenceSpec) -> float:
    """Return how many requests an hour nobody in particular may send under ``quota-tight``."""
    anonymous = reference.quotas.anonymous
    return float("inf") if anonymous is None else anonymous * 3600 / 10


def products(reference: ReferenceSpec) -> str:
    """Return the path of the product list."""
    return reference.api.removesuffix("/") + "/products/"


def gone(fault: str, method: str, path: str, reference: ReferenceSpec) -> bool:
    """Tell whether ``fault`` has such a request answered by 404 or 500."""
    return fault in {"endpoint-404", "endpoint-500"} and method == "GET" and path == products(reference)


def swamped(fault: str, burst: Burst, rate: Rate, allowed: int, reference: ReferenceSpec) -> bool:
    """Tell whether a burst fills the reference because of ``fault``, so that its end comes too late.

    It then answers no faster than the limit of ``rate`` and ``allowed`` on top lets through.
    """
    slow = fault == "endpoint-slow" and burst.method == "GET" and burst.path == products(reference)
    waves = ceil(burst.count / AT_ONCE)
    return slow and allowed >= AT_ONCE and rate * SLOW >= AT_ONCE and waves * SLOW > DEADLINE


def serves(path: str, reference: ReferenceSpec) -> bool:
    """Tell whether a GET of ``path`` by nobody in particular is a good answer."""
    served = {reference.health, reference.liveness, reference.schema_, reference.metrics, products(reference)}
    served |= {reference.signin, reference.asset, reference.echo, reference.migrations}
    if path == reference.failure:
        return False
    if not reference.metrics_public:
        served.discard(reference.metrics)
    if reference.spa is not None and path.startswith(reference.spa) and not in_api(path, reference):
        return True
    if reference.uploads is not None:
        served.add(f"{reference.uploads}verify.png")
    return path.partition("?")[0] in served


def redirects(path: str, reference: ReferenceSpec) -> bool:
    """Tell whether ``path`` only lacks the final slash of a page."""
    slashed = path.partition("?")[0] + "/"
    return slashed in {reference.health, reference.liveness, reference.schema_, reference.metrics} | {
        products(reference)
    }


def good(path: str, reference: ReferenceSpec) -> bool:
    """Tell whether ``path`` is answered with a page rather than an error or a redirect."""
    if redirects(path, reference) or path.startswith(f"{reference.signin}?"):
        return False
    return serves(path, reference)


def dressed(fault: str, path: str, reference: ReferenceSpec) -> Exchange:
    """Return the headers that ``path`` of the reference answers with under ``fault``."""
    headers = {name.lower(): value for name, value in reference.headers.items()}
    if fault == "headers-missing-on-errors" and not good(path, reference):
        headers = {}
    headers.pop(DROPS.get(fault, ""), None)
    headers |= [SETS[fault]] if fault in SETS else []
    lines = list(headers.items())
    if path == reference.signin:
        flags = {"cookie-insecure": "Secure", "cookie-readable": "HttpOnly", "cookie-cross-site": "SameSite"}
        for cookie in ("sessionid=1; Secure; HttpOnly; SameSite=Lax", "csrftoken=1; Secure; SameSite=Lax"):
            kept = [part for part in cookie.split("; ") if not part.startswith(flags.get(fault, "-"))]
            lines.append(("Set-Cookie", "; ".join(kept)))
    return Exchange(status=200, headers=tuple(lines))


def errs_in_django(path: str, reference: ReferenceSpec) -> bool:
    """Tell whether ``path`` is unknown to the reference, so that Django itself answers with its 404."""
    api = reference.api.removesuffix("/") + "/"
    views = tuple(f"{api}{view}/" for view in ("products", "accounts", "deposits", "withdrawals", "canary"))
    return not (good(path, reference) or redirects(path, reference) or path.startswith(views))


def unmeasured(fault: str) -> frozenset[str]:
    """Return the families of metrics that have no sample because of ``fault``."""
    if fault in {"metrics-no-samples", "database-down"}:
        return frozenset({"db_active_connections"})
    gone = {"redis_memory_used_bytes", "celery_queue_length"}
    return frozenset(gone if fault in {"redis-down", "redis-hang"} else ())
