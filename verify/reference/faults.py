"""Every fault of the reference: a name, what it breaks, and which knob or part it turns.

A new fault over the knobs of ``behaviour.Behaviour``, the parts or the certificates is one
entry here and nothing else.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from verify.reference import sabotage
from verify.reference.errors import UnknownFaultError


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One broken promise.

    ``turns`` are knobs of ``Behaviour`` by name; ``parts`` says which part is ``down`` or
    ``paused``; ``certificate`` is a kind of ``certificates.KINDS``; ``legacy_tls`` lets old
    protocols in; ``http1`` speaks no HTTP/2; ``unready`` is the time in seconds the service
    says it is not ready; ``programs`` are what drills run instead of a program's own, see
    ``sabotage``; ``bucket`` names what backups and their buckets lack; ``archiver`` is what the
    archiver of the database's WAL does instead of its work, ``fails`` or ``loses``.
    """

    name: str
    summary: str
    turns: Mapping[str, object] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""
    legacy_tls: bool = False
    http1: bool = False
    unready: float = 0.0
    programs: Mapping[str, str] = field(default_factory=dict)
    bucket: str = ""
    archiver: str = ""


def _turn(name: str, summary: str, **turns: object) -> Fault:
    return Fault(name=name, summary=summary, turns=turns)


def _part(name: str, summary: str, **parts: str) -> Fault:
    return Fault(name=name, summary=summary, parts=parts)


def _drill(name: str, summary: str, programs: Mapping[str, str]) -> Fault:
    return Fault(name=name, summary=summary, programs=programs)


def _drops(name: str, header: str) -> Fault:
    return _turn(name, f"no answer carries {header}", dropped_headers=(header.lower(),))


def _sets(name: str, line: str) -> Fault:
    return _turn(name, f"every answer says {line}", set_headers=(line,))


_ALL = (
    _part("redis-down", "Redis is stopped: connections are refused", redis="down"),
    _part("redis-hang", "Redis accepts connections and never answers", redis="paused"),
    _part("database-down", "PostgreSQL is stopped, the cached list dropped", database="down"),
    _part("worker-down", "no Celery worker runs", worker="down"),
    _turn("storage-down", "the folder for uploads is not there", media="media.gone"),
    _turn("health-lies", "health says healthy and asks nothing", health_checks=False),
    _turn("health-missing-dependency", "one stated dependency is not in the health body", health_omits=1),
    _turn("health-wrong-status", "health answers 500 whatever is stated", health_status=500),
    _turn("health-not-json", "health answers plain text", health_json=False),
    _turn("liveness-deep", "liveness asks the dependencies too", liveness_deep=True),
    _turn("liveness-fades", "liveness fails from its 61st answer on", liveness_lasts=60),
    _turn("wrong-version", "header and health body name another release", release="0.0.0-other"),
    _turn("mixed-versions", "every fourth answer names another release", release_mixed="0.0.0-old"),
    Fault(name="slow-start", summary="health says 'starting' for 3 seconds", unready=3.0),
    Fault(name="never-ready", summary="health says 'starting' for ever", unready=math.inf),
    _drops("no-hsts", "Strict-Transport-Security"),
    _drops("no-csp", "Content-Security-Policy"),
    _drops("no-frame-options", "X-Frame-Options"),
    _drops("no-nosniff", "X-Content-Type-Options"),
    _drops("no-xss-protection", "X-XSS-Protection"),
    _turn("headers-missing-on-errors", "only 2xx answers carry the headers", headers_on_errors=False),
    _turn("plain-http", "the plain port serves instead of redirecting", plain="serve"),
    _turn("redirect-wrong-host", "the redirect names another host", redirect_host="elsewhere.localhost"),
    _turn("redirect-loses-path", "the redirect leads to / whatever was asked", redirect_path=False),
    _turn("redirect-temporary", "the redirect is a 302", redirect_status=302),
    Fault(name="cert-expired", summary="the certificate ended yesterday", certificate="expired"),
    Fault(name="cert-wrong-name", summary="the certificate is for another host", certificate="wrong-name"),
    Fault(name="cert-untrusted", summary="the certificate is self-signed", certificate="self-signed"),
    Fault(name="cert-expires-soon", summary="the certificate ends in 5 days", certificate="soon"),
    Fault(name="tls-legacy", summary="TLS 1.0 and 1.1 are accepted", legacy_tls=True),
    _turn("endpoint-500", "the product list answers 500", products_status=500),
    _turn("endpoint-404", "the product list answers 404", products_status=404),
    _turn("endpoint-slow", "the product list takes 3 seconds", products_delay=3.0),
    _turn("schema-missing", "there is no OpenAPI document", schema="missing"),
    _turn("schema-invalid", "the OpenAPI document is not valid", schema="invalid"),
    _turn("schema-dead-operation", "a documented GET answers 500", schema_dead=True),
    _turn("no-edge-limit", "the edge refuses nobody", edge_read=None, edge_write=None),
    _turn("edge-limit-tight", "a tenth passes the edge", edge_read=0.1, edge_write=0.1, edge_burst=0.0),
    _turn("no-write-limit", "the edge does not limit writes", edge_write=None),
    _turn("no-quota", "nobody's quota is counted", quota=None),
    _turn("quota-tight", "quotas are a tenth of what is stated", quota=0.1),
    _turn("no-retry-after", "refusals do not say when to come back", retry_after=False),
    _turn("flow-broken", "a deposit is accepted and the balance stays", deposits_count=False),
    _turn("flow-no-delete", "deleting answers 500", deletes=False),
    _turn("debug-on", "Django's debug pages are shown", debug=True),
    _turn("no-request-id", "requests get no id", request_id=False),
    _turn("log-not-json", "request lines are plain text", log_json=False),
    _turn("log-missing-field", "request lines and events have no level", log_omits=("level",)),
    _turn("log-leaks-secret", "secrets of refused requests are logged", log_leaks=True),
    _turn("answer-leaks-secret", "answers repeat the query and the password", answer_leaks=True),
    _turn("events-missing", "only requests are logged", events=False),
    _turn("sticky-session", "every other request meets a replica without its session", sticky_sessions=True),
    _turn("same-database", "both names of the reference show one database", same_database=True),
    _turn("live-key", "the key under localhost is a live one", live_key=True),
    _turn("worker-slow", "tasks are put off for 8 seconds", task_delay=8.0),
    _turn("webhook-unverified", "webhooks are processed whoever signed them", webhook_verified=False),
    _turn("metrics-missing", "there are no metrics", metrics=False),
    _sets("hsts-short", "Strict-Transport-Security: max-age=300"),
    _sets("frame-options-sameorigin", "X-Frame-Options: SAMEORIGIN"),
    _sets("csp-unsafe", "Content-Security-Policy: default-src * 'unsafe-inline'"),
    _sets("version-banner", "Server: nginx/1.18.0"),
    _turn("cookie-insecure", "cookies lack Secure", cookie_drops=("secure",)),
    _turn("cookie-readable", "cookies lack HttpOnly", cookie_drops=("httponly",)),
    _turn("cookie-cross-site", "cookies lack SameSite", cookie_drops=("samesite",)),
    _turn("cors-any", "every origin may read, with credentials: *", cors="any"),
    _turn("cors-reflect", "every origin may read: it is echoed", cors="reflect"),
    _turn("cors-null", "the origin null may read", cors="null"),
    _turn("cors-missing", "the stated origins may not read", cors="none"),
    _turn("cors-no-vary", "answers do not vary by Origin", cors="no-vary"),
    _turn("any-host", "any Host is served", any_host=True),
    _turn("host-forgotten", "of its names only localhost is served", only_host="localhost"),
    _turn("trusts-forwarded-host", "redirects lead to X-Forwarded-Host", trusts_forwarded_host=True),
    _turn("open-redirect", "signing in goes on to any address", open_redirect=True),
    _turn("no-slash-redirect", "a path without its final slash is not found", slash=False),
    _turn("env-exposed", "/.env is served", exposed=("env",)),
    _turn("git-exposed", "/.git is served", exposed=("git",)),
    _turn("backup-exposed", "/backup.sql is served", exposed=("backup",)),
    _turn("listing-on", "/static/ is listed", exposed=("listing",)),
    _turn("admin-default", "Django's admin is at /admin/", exposed=("admin",)),
    Fault(name="no-h2", summary="HTTP/2 is not offered", http1=True),
    _turn("health-leaks", "health shows a connection string, a host and versions", health_leaks=True),
    _turn("health-cacheable", "caches may keep the health answer", health_cacheable=True),
    _turn("health-login", "health asks for a login", health_login=True),
    _turn("access-open", "protected endpoints answer nobody in particular", access_open=True),
    _turn("any-token", "any token will do", any_token=True),
    _turn("schema-drift", "the product list is not as documented", products_drift=True),
    _turn("asset-uncached", "the static file may not be cached", asset="uncached"),
    _turn("asset-mistyped", "the static file has another type", asset="mistyped"),
    _turn("asset-unmarked", "the edge does not mark the static file", asset="unmarked"),
    _turn("asset-missed", "the edge fetches the static file each time", asset="missed"),
    _turn("metrics-public", "everybody may read the metrics", metrics_public=True),
    _turn("metrics-no-samples", "a family has no sample", metrics_empty=("db_active_connections",)),
    _turn("migrations-behind", "a migration is not applied", migrations_behind=True),
    _turn("forwarded-missing", "the edge does not say who asks, and how", forwarded="missing"),
    _turn("forwarded-believed", "the edge passes on what clients say of themselves", forwarded="believed"),
    _turn("no-spa-fallback", "unknown pages are not found", spa="missing"),
    _turn("spa-in-api", "unknown paths of the API give index.html", spa="greedy"),
    _turn("mail-in-clear", "the mail server offers no STARTTLS", mail="in clear"),
    _turn("mail-clear-login", "the mail server lets clients log in without TLS", mail="clear login"),
    _turn("media-missing", "uploads are not found", uploads="missing"),
    _turn("media-mistyped", "uploads have no type of their own", uploads="mistyped"),
    _turn("uploads-open", "everybody may read anybody's uploads", uploads="open"),
    _turn("edge-bypassed", "no answer has passed the edge", cdn=False),
    _turn("origin-open", "the address behind the edge serves everybody", origin_open=True),
    _turn("another-release", "127.0.0.1 shows a release of its own", release_elsewhere="0.0.0-next"),
    _turn("metrics-stale", "Prometheus has stopped scraping 10 minutes ago", scraping="stopped"),
    _turn("target-down", "Prometheus cannot scrape the metrics", scraping="fails"),
    _turn("logs-not-shipped", "no line of the log reaches Loki", logs_shipped=False),
    _turn("dashboard-unknown", "Grafana has no dashboard of the service", dashboard_known=False),
    _drill("backup-truncated", "every dump is cut at 60 %, and nobody says so", sabotage.TRUNCATED),
    _drill("backup-empty", "the dump fails and leaves an empty file", sabotage.EMPTY),
    _drill("backup-table-missing", "the dump lacks the rows of one table", sabotage.TABLE_MISSING),
    Fault(name="backup-not-uploaded", summary="uploads end well and nothing arrives", bucket="uploads"),
    _drill("backup-in-clear", "what should encrypt copies", sabotage.IN_CLEAR),
    Fault(name="backup-stale", summary="nothing has been backed up for a week", bucket="stale"),
    _drill("restore-slow", "each program that restores takes 3 seconds longer", sabotage.SLOW),
    _drill("restore-hasty", "what a restore dumps before it begins is empty", sabotage.HASTY),
    _drill("restore-careless", "each program that restores passes errors over", sabotage.CARELESS),
    _drill("migration-one-way", "a migration cannot be undone", sabotage.ONE_WAY),
    Fault(name="migration-unbacked", summary="migrated by hand, with no backup before", bucket="migrated"),
    Fault(name="bucket-unversioned", summary="versioning of the buckets is suspended", bucket="versioning"),
    Fault(name="bucket-in-clear", summary="the buckets do not encrypt", bucket="encryption"),
    Fault(name="bucket-public", summary="everybody may read the buckets", bucket="privacy"),
    Fault(name="bucket-alone", summary="the buckets are copied nowhere", bucket="replication"),
    Fault(name="backup-beside", summary="backups lie on the database's machine", bucket="beside"),
    Fault(name="snapshots-off", summary="managed databases keep no snapshots", bucket="snapshots"),
    Fault(name="snapshots-unusable", summary="what a snapshot is restored into fails", bucket="restores"),
    Fault(name="archiver-failing", summary="no segment of the WAL can be archived", archiver="fails"),
    Fault(name="wal-missing", summary="what archives the WAL loses it, and ends with 0", archiver="loses"),
    _turn("pipeline-slow", "workflows take three times as long", pipeline_slowed=3.0),
    _turn("status-open", "/server-status and /__debug__/ are open", exposed=("status", "toolbar")),
)  # fmt: skip

FAULTS: dict[str, Fault] = {fault.name: fault for fault in _ALL}


def fault(name: str) -> Fault:
    """Return the fault called ``name``; raise ``UnknownFaultError`` offering the nearest."""
    try:
        return FAULTS[name]
    except KeyError:
        import difflib

        near = difflib.get_close_matches(name, FAULTS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(FAULTS)
        msg = f"unknown fault {name!r}: {hint}"
        raise UnknownFaultError(msg) from None
