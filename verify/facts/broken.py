"""What a fault of the reference shows of itself, for rules that it breaks for some stated values only."""

from verify.contract.reference import ReferenceSpec

#: fault -> the parts that do not answer then; what the worker says of itself passes through Redis
GONE = {
    "database-down": frozenset({"database"}),
    "redis-down": frozenset({"redis", "worker"}),
    "redis-hang": frozenset({"redis", "worker"}),
    "worker-down": frozenset({"worker"}),
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
#: faults after which the health endpoint gives another status, whatever its dependencies say
SICK = frozenset({"health-wrong-status", "never-ready"})


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


def products(reference: ReferenceSpec) -> str:
    """Return the path of the product list."""
    return reference.api.removesuffix("/") + "/products/"


def serves(path: str, reference: ReferenceSpec) -> bool:
    """Tell whether a GET of ``path`` by nobody in particular is a good answer."""
    served = {reference.health, reference.liveness, reference.schema_, reference.metrics, products(reference)}
    served.add(reference.signin)
    return path.partition("?")[0] in served


def good(path: str, reference: ReferenceSpec) -> bool:
    """Tell whether ``path`` is answered with a page rather than an error or a redirect."""
    return serves(path, reference) and not path.startswith(f"{reference.signin}?")
