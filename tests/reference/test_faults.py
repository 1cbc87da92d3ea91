"""Each fault breaks exactly what it says, and heals."""

import dataclasses
import json
import smtplib
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from verify.reference.behaviour import Behaviour
from verify.reference.certificates import KINDS
from verify.reference.errors import UnknownFaultError
from verify.reference.faults import FAULTS, fault

API = "/api/v1/"


def health(client: Any) -> requests.Response:
    return client.get("/health/")


def checks(client: Any) -> dict[str, str]:
    return dict(health(client).json().get("checks", {}))


def refused(client: Any, method: str) -> int:
    """Return how many of 31 requests at once, as many as burst lets in, and then some, were refused."""
    answers = [client.send(method, f"{API}nowhere/").status_code for _ in range(60)]
    return answers.count(429) if 429 not in answers[:31] else -1


def quota(client: Any) -> list[int]:
    return [client.get(f"{API}products/1/").status_code for _ in range(13)]


def location(client: Any) -> str:
    return client.get("/a/b?c=d", plain=True).headers.get("Location", "")


def handshake(client: Any, context: ssl.SSLContext) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", client.port()), 10)
    try:
        return context.wrap_socket(raw, server_hostname="localhost")
    except OSError:
        raw.close()
        raise


def trouble(client: Any) -> str:
    """Return why the certificate is not accepted, '' when it is."""
    try:
        handshake(client, client.context()).close()
    except ssl.SSLCertVerificationError as error:
        return str(error.verify_message)
    return ""


def days_left(client: Any) -> float:
    context = client.context()
    context.verify_flags = ssl.VerifyFlags.VERIFY_DEFAULT
    with handshake(client, context) as connection:
        return (ssl.cert_time_to_seconds(connection.getpeercert()["notAfter"]) - time.time()) / 86400


def takes_tls(client: Any, version: ssl.TLSVersion) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
    try:
        handshake(client, context).close()
    except OSError:
        return False
    return True


def header(name: str) -> Callable[[object], bool]:
    return lambda client: name in client.get("/live/").headers


def dressed_error(client: Any) -> bool:
    good, bad = client.get("/live/").headers, client.get("/nowhere").headers
    return all(name in bad for name in good if name.lower() != "cache-control")


def deposit_counts(client: Any) -> bool:
    before = client.balance("alice")
    made = client.post(f"{API}deposits/", {"amount": "3.00"}, user="alice")
    if made.status_code != 201:
        return False
    after = client.balance("alice")
    client.send("DELETE", f"{API}deposits/{made.json()['id']}/", user="alice")
    return after == before + 3


def deletes(client: Any) -> bool:
    made = client.post(f"{API}products/", {"name": "Gone soon", "price": "1.00"}, user="staff")
    own = f"{API}products/{made.json().get('id')}/"
    return client.send("DELETE", own, user="staff").status_code == 204


def logs_json(client: Any) -> bool:
    client.get("/live/", headers={"X-Request-ID": "marked"})
    try:
        return json.loads(client.logged()[-1])["path"] == "/live/"
    except ValueError:
        return False


def echoes_id(client: Any) -> bool:
    answer = client.get("/live/", headers={"X-Request-ID": "mine"})
    return answer.headers.get("X-Request-ID") == "mine" and "mine" in client.logged()[-1]


def schema_alive(client: Any) -> bool:
    answer = client.get("/api/schema/")
    paths = answer.json()["paths"] if answer.status_code == 200 else {}
    reading = [path for path, ways in paths.items() if "get" in ways and "{" not in path]
    return all(
        client.get(path).status_code < 500
        for path in reading
        if path != "/health/" and "products" not in path
    )


def schema_valid(client: Any) -> bool:
    answer = client.get("/api/schema/")
    return answer.status_code != 200 or (
        "info" in answer.json() and isinstance(answer.json()["openapi"], str)
    )


def fast(client: Any) -> bool:
    started = time.monotonic()
    client.get(f"{API}products/")
    return time.monotonic() - started < 2.5


def says_when(client: Any) -> bool:
    answers = [client.get(f"{API}nowhere/") for _ in range(60)]
    return all("Retry-After" in answer.headers for answer in answers if answer.status_code == 429)


def database_works(client: Any) -> bool:
    return client.get(f"{API}accounts/me/", user="alice").status_code == 200


def worker_works(client: Any) -> bool:
    return client.post(f"{API}canary/", {}, user="alice").status_code == 200


def is_json(answer: requests.Response) -> bool:
    try:
        return isinstance(answer.json(), dict)
    except ValueError:
        return False


ORIGIN, FOREIGN = "https://app.example.com", "https://foreign.example"


def value(name: str, stated: str) -> Callable[[Any], bool]:
    """Return whether a header, where it is there at all, is as stated."""
    return lambda client: client.get("/live/").headers.get(name, stated) == stated


def cookie(flag: str) -> Callable[[Any], bool]:
    return lambda client: flag in client.get("/signin/").headers["Set-Cookie"].split(", csrftoken")[0]


def lets_in(client: Any, origin: str) -> bool:
    answer = client.get(f"{API}products/", headers={"Origin": origin})
    return answer.headers.get("Access-Control-Allow-Origin") in {origin, "*"}


def leads(client: Any, **more: Any) -> str:
    return client.get("/live", **more).headers.get("Location", "")


def hidden(*paths: str) -> Callable[[Any], bool]:
    return lambda client: all(client.get(path).status_code == 404 for path in paths)


def products(client: Any) -> list[dict[str, Any]]:
    answer = client.get(f"{API}products/")
    return list(answer.json()["results"]) if answer.status_code == 200 else []


def agreed(client: Any) -> str:
    """Return what ALPN agrees on; the certificate is looked at elsewhere."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with handshake(client, context) as connection:
        return str(connection.selected_alpn_protocol())


def echoed(client: Any) -> dict[str, str]:
    said = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}
    return dict(client.get("/verify/echo/", headers=said).json()["headers"])


def edge_keeps(client: Any) -> bool:
    client.get("/static/app.js")
    return client.get("/static/app.js").headers.get("X-Cache", "HIT") == "HIT"


def mail_offers(client: Any) -> list[str]:
    host, port = client.ref.mail.split(":")
    with smtplib.SMTP(host, int(port), timeout=10) as server:
        _, text = server.ehlo("tests.invalid")
        return text.decode().splitlines()


def watched(client: Any, path: str, **asked: Any) -> Any:
    answer = requests.get(client.ref.monitoring + path, params=asked, timeout=10)
    assert answer.status_code == 200
    return answer.json()


def age(client: Any) -> float | None:
    query = 'time() - max(timestamp(process_start_time_seconds{job="reference"}))'
    found = watched(client, "/api/v1/query", query=query)["data"]["result"]
    return float(found[0]["value"][1]) if found else None


def scraped(client: Any) -> bool:
    (target,) = watched(client, "/api/v1/targets", state="active")["data"]["activeTargets"]
    return target["health"] == "up" and target["lastError"] == ""


def collected(client: Any) -> bool:
    marker = f"marked-{time.monotonic_ns()}"
    client.get("/live/", headers={"X-Request-ID": marker})
    query = f'{{app="reference"}} |= "{marker}"'
    found = watched(client, "/loki/api/v1/query_range", query=query)["data"]["result"]
    return any(marker in line for stream in found for _, line in stream["values"])


def has_sample(client: Any) -> bool:
    lines = client.get("/metrics", user="staff").text.splitlines()
    return not any("TYPE db_active" in line for line in lines) or any(
        line.startswith("db_active_connections ") for line in lines
    )


def applied(client: Any) -> bool:
    answer = client.get("/verify/migrations/")
    return answer.status_code != 200 or answer.json() == {"pending": 0, "unapplied": []}


def has_level(client: Any) -> bool:
    client.get("/live/")
    try:
        return "level" in json.loads(client.logged()[-1])
    except ValueError:
        return True  # what is no JSON has no fields to miss


def keeps_secrets(client: Any) -> bool:
    client.get(f"{API}products/?token=canary-query", headers={"Authorization": "Bearer canary-token"})
    client.post(f"{API}login/", {"user": "alice", "password": "canary-password"})
    return "canary" not in "".join(client.logged()[-4:])


def repeats_nothing(client: Any) -> bool:
    answer = client.get("/live/?token=canary-query")
    return "canary" not in answer.text + str(answer.headers)


def logs_events(client: Any) -> bool:
    client.post(f"{API}login/", {"user": "alice", "password": "wrong"})
    return "login_failed" in "".join(client.logged()[-2:])


def identity(client: Any, host: str) -> dict[str, str]:
    """Return what the environment behind ``host`` tells of itself, nothing where that is refused."""
    answer = client.get("/verify/identity/", headers={"Host": host})
    return dict(answer.json()) if answer.status_code == 200 and is_json(answer) else {}


def images(client: Any) -> set[str]:
    """Return what the environments behind its names were given, as far as they tell."""
    told = {identity(client, host).get("image", "") for host in ("localhost", "127.0.0.1")}
    return told - {""}


def task_done(client: Any) -> bool:
    started = client.post(f"{API}tasks/", {"text": "canary"}, user="alice")
    end = time.monotonic() + 3
    while started.status_code == 202 and time.monotonic() < end:
        found = client.get(f"{API}tasks/{started.json()['task']}/", user="alice")
        if found.status_code != 200 or found.json()["state"] == "done":
            return bool(found.status_code == 200)
        threading.Event().wait(0.5)  # a quota counts these questions
    return False


def deploys_in_time(client: Any) -> bool:
    """Say whether the newest run of the workflow took ten minutes at most."""
    newest = client.get("/forge/repos/a/b/actions/workflows/deploy.yml/runs?per_page=1", user="staff").json()
    (run,) = newest["workflow_runs"]
    took = datetime.fromisoformat(run["updated_at"]) - datetime.fromisoformat(run["run_started_at"])
    return took <= timedelta(minutes=10)


PROMISES = {
    "deploys in time": deploys_in_time,
    "one release": lambda client: len({client.get("/live/").headers["X-Release"] for _ in range(5)}) == 1,
    "alive": lambda client: client.get("/live/").json()["status"] in {"alive", "dead"},
    "stays alive": lambda client: {client.get("/live/").status_code for _ in range(61)} == {200},
    "log level": has_level,
    "log without secrets": keeps_secrets,
    "answers without secrets": repeats_nothing,
    "events": logs_events,
    "session": lambda client: (
        {client.get(f"{API}session/", user="alice").status_code for _ in range(3)} == {200}
    ),
    "webhook": lambda client: client.post("/webhooks/payment/", {"id": "x"}).status_code == 401,
    "own database": lambda client: (
        identity(client, "localhost").get("database") != identity(client, "127.0.0.1").get("database")
    ),
    "test key": lambda client: identity(client, "localhost").get("key", "").startswith("test_"),
    "task": task_done,
    "health status": lambda client: health(client).status_code != 500,
    "healthy": lambda client: health(client).status_code == 200,
    "health json": lambda client: is_json(health(client)),
    "health names": lambda client: (
        not is_json(health(client)) or set(checks(client)) == {"uploads", "db", "cache", "celery"}
    ),
    "database": database_works,
    "worker": worker_works,
    "version": lambda client: client.get("/live/").headers["X-Release"] == "4.2.0",
    "hsts": header("Strict-Transport-Security"),
    "csp": header("Content-Security-Policy"),
    "frame": header("X-Frame-Options"),
    "nosniff": header("X-Content-Type-Options"),
    "xss": header("X-XSS-Protection"),
    "headers on errors": dressed_error,
    "redirects": lambda client: location(client) != "",
    "redirect host": lambda client: "elsewhere" not in location(client),
    "redirect path": lambda client: location(client).endswith("/a/b?c=d") or location(client) == "",
    "redirect status": lambda client: client.get("/", plain=True).status_code != 302,
    "trusted": lambda client: trouble(client) != "self-signed certificate",
    "current": lambda client: trouble(client) != "certificate has expired",
    "named": lambda client: "mismatch" not in trouble(client),
    "lasts": lambda client: trouble(client) != "" or days_left(client) >= 60,
    "tls 1.2": lambda client: takes_tls(client, ssl.TLSVersion.TLSv1_2),
    "no tls 1.1": lambda client: not takes_tls(client, ssl.TLSVersion.TLSv1_1),
    "no tls 1.0": lambda client: not takes_tls(client, ssl.TLSVersion.TLSv1),
    "products": lambda client: client.get(f"{API}products/").status_code == 200,
    "fast": fast,
    "schema": lambda client: client.get("/api/schema/").status_code == 200,
    "schema valid": schema_valid,
    "schema alive": schema_alive,
    "edge reads limited": lambda client: refused(client, "GET") != 0,
    "edge writes limited": lambda client: refused(client, "POST") != 0,
    "edge reads allowed": lambda client: refused(client, "GET") >= 0,
    "edge writes allowed": lambda client: refused(client, "POST") >= 0,
    "quota counted": lambda client: 429 in quota(client),
    "quota allowed": lambda client: 429 not in quota(client)[:12],
    "retry-after": says_when,
    "deposits": deposit_counts,
    "deletes": deletes,
    "no debug": lambda client: "DEBUG = True" not in client.get("/nowhere").text,
    "request id": echoes_id,
    "log": logs_json,
    "hsts value": value("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    "frame value": value("X-Frame-Options", "DENY"),
    "csp value": value("Content-Security-Policy", "default-src 'self'"),
    "no banner": lambda client: "/" not in client.get("/live/").headers.get("Server", ""),
    "cookie secure": cookie("Secure"),
    "cookie httponly": cookie("HttpOnly"),
    "cookie samesite": cookie("SameSite=Lax"),
    "cors foreign": lambda client: not lets_in(client, FOREIGN),
    "cors null": lambda client: not lets_in(client, "null"),
    "cors stated": lambda client: lets_in(client, ORIGIN),
    "cors varies": lambda client: (
        "Origin" in client.get(f"{API}products/", headers={"Origin": ORIGIN}).headers.get("Vary", "")
    ),
    "own host": lambda client: client.get("/nowhere", headers={"Host": FOREIGN[8:]}).status_code == 400,
    "both hosts": lambda client: (
        [client.get("/nowhere", headers={"Host": name}).status_code for name in ("localhost", "127.0.0.1")]
        == [404, 404]
    ),
    "own links": lambda client: FOREIGN[8:] not in leads(client, headers={"X-Forwarded-Host": FOREIGN[8:]}),
    "own redirects": lambda client: client.get(f"/signin/?next={FOREIGN}").headers["Location"] == "/",
    "slash": lambda client: leads(client) == "/live/",
    "no env": hidden("/.env"),
    "no git": hidden("/.git/HEAD", "/.git/config"),
    "no backup": hidden("/backup.sql"),
    "no listing": hidden("/static/"),
    "no admin": hidden("/admin/"),
    "no status": hidden("/server-status", "/__debug__/"),
    "h2": lambda client: agreed(client) in {"h2", "None"},
    "health hides": lambda client: "internal" not in health(client).text,
    "health uncached": lambda client: health(client).headers["Cache-Control"] == "no-store",
    "health open": lambda client: health(client).status_code != 401,
    "access": lambda client: client.get(f"{API}accounts/me/").status_code == 401,
    "tokens": lambda client: (
        client.get(f"{API}accounts/me/", headers={"Authorization": "Bearer wrong"}).status_code == 401
    ),
    "documented": lambda client: all(isinstance(one["price"], str) for one in products(client)),
    "asset kept": lambda client: "max-age" in client.get("/static/app.js").headers["Cache-Control"],
    "asset type": lambda client: "javascript" in client.get("/static/app.js").headers["Content-Type"],
    "asset marked": lambda client: "X-Cache" in client.get("/static/app.js").headers,
    "asset hit": edge_keeps,
    "metrics closed": lambda client: client.get("/metrics").status_code in {403, 404},
    "metrics sampled": has_sample,
    "migrated": applied,
    "forwarded": lambda client: "X-Real-IP" in echoed(client),
    "not spoofed": lambda client: echoed(client).get("X-Forwarded-For") in {None, "127.0.0.1"},
    "mail secured": lambda client: "STARTTLS" in mail_offers(client),
    "sampled": lambda client: (age(client) or 9999) < 5,
    "scraped": scraped,
    "logs collected": collected,
    "dashboard": lambda client: len(watched(client, "/api/search", query="reference")) == 1,
    "mail login": lambda client: "AUTH PLAIN" not in mail_offers(client),
    "spa": lambda client: client.get("/app/inner/page").status_code == 200,
    "spa api": lambda client: client.get(f"{API}nowhere/").status_code == 404,
    "metrics": lambda client: client.get("/metrics", user="staff").status_code == 200,
    "uploads": lambda client: client.get("/media/verify.png").status_code == 200,
    "upload type": lambda client: "octet" not in client.get("/media/verify.png").headers["Content-Type"],
    "private uploads": lambda client: (
        client.get("/media/private/verify.png").status_code in {401, 403, 404}
        and client.get("/media/private/verify.png", user="bob").status_code in {403, 404}
    ),
    "edge": lambda client: "(CloudFront)" in client.get("/live/").headers.get("Via", ""),
    "origin": lambda client: client.session.get(f"{client.ref.origin}/live/", timeout=10).status_code == 403,
    "one image": lambda client: len(images(client)) <= 1,
}

#: fault -> the promises it breaks; every other one is kept meanwhile
BREAKS = {
    "mixed-versions": {"one release"},
    "liveness-deep": {"alive"},
    "liveness-fades": {"stays alive"},
    "log-missing-field": {"log level"},
    "log-leaks-secret": {"log without secrets"},
    "answer-leaks-secret": {"answers without secrets"},
    "events-missing": {"events"},
    "sticky-session": {"session"},
    "webhook-unverified": {"webhook"},
    "same-database": {"own database"},
    "live-key": {"test key"},
    "worker-slow": {"task"},
    "redis-down": {"healthy", "task", "worker", "quota counted"},
    "redis-hang": {"healthy", "task", "worker", "quota counted"},
    "database-down": {"healthy", "task", "database", "worker", "deposits", "deletes", "products"},
    "worker-down": {"healthy", "task", "worker"},
    "storage-down": {"healthy", "uploads"},
    "media-missing": {"uploads"},
    "media-mistyped": {"upload type"},
    "uploads-open": {"private uploads"},
    "edge-bypassed": {"edge"},
    "origin-open": {"origin"},
    "another-release": {"one image"},
    "pipeline-slow": {"deploys in time"},
    "health-lies": {"health names"},
    "health-missing-dependency": {"health names"},
    "health-wrong-status": {"health status", "healthy"},
    "health-not-json": {"health json"},
    "wrong-version": {"version"},
    "slow-start": {"healthy"},
    "never-ready": {"healthy"},
    "no-hsts": {"hsts"},
    "no-csp": {"csp"},
    "no-frame-options": {"frame"},
    "no-nosniff": {"nosniff"},
    "no-xss-protection": {"xss"},
    "headers-missing-on-errors": {"headers on errors"},
    "plain-http": {"redirects"},
    "redirect-wrong-host": {"redirect host"},
    "redirect-loses-path": {"redirect path"},
    "redirect-temporary": {"redirect status"},
    "cert-expired": {"current"},
    "cert-wrong-name": {"named"},
    "cert-untrusted": {"trusted"},
    "cert-expires-soon": {"lasts"},
    "tls-legacy": {"no tls 1.0", "no tls 1.1"},
    "endpoint-500": {"products"},
    "endpoint-404": {"products"},
    "endpoint-slow": {"fast"},
    "schema-missing": {"schema"},
    "schema-invalid": {"schema valid"},
    "schema-dead-operation": {"schema alive"},
    "no-edge-limit": {"edge reads limited", "edge writes limited"},
    "edge-limit-tight": {"edge reads allowed", "edge writes allowed"},
    "no-write-limit": {"edge writes limited"},
    "no-quota": {"quota counted"},
    "quota-tight": {"quota allowed"},
    "no-retry-after": {"retry-after"},
    "flow-broken": {"deposits"},
    "flow-no-delete": {"deletes"},
    "debug-on": {"no debug"},
    "no-request-id": {"request id"},
    "log-not-json": {"log"},
    "metrics-missing": {"metrics"},
    "hsts-short": {"hsts value"},
    "frame-options-sameorigin": {"frame value"},
    "csp-unsafe": {"csp value"},
    "version-banner": {"no banner"},
    "cookie-insecure": {"cookie secure"},
    "cookie-readable": {"cookie httponly"},
    "cookie-cross-site": {"cookie samesite"},
    "cors-any": {"cors foreign", "cors null"},
    "cors-reflect": {"cors foreign", "cors null"},
    "cors-null": {"cors null"},
    "cors-missing": {"cors stated"},
    "cors-no-vary": {"cors varies"},
    "any-host": {"own host"},
    "host-forgotten": {"both hosts"},
    "trusts-forwarded-host": {"own links"},
    "open-redirect": {"own redirects"},
    "no-slash-redirect": {"slash"},
    "env-exposed": {"no env"},
    "git-exposed": {"no git"},
    "backup-exposed": {"no backup"},
    "listing-on": {"no listing"},
    "admin-default": {"no admin"},
    "status-open": {"no status"},
    "metrics-stale": {"sampled"},
    "target-down": {"sampled", "scraped"},
    "logs-not-shipped": {"logs collected"},
    "dashboard-unknown": {"dashboard"},
    "mail-in-clear": {"mail secured"},
    "mail-clear-login": {"mail login"},
    "no-h2": {"h2"},
    "health-leaks": {"health hides"},
    "health-cacheable": {"health uncached"},
    "health-login": {"health open", "healthy", "health names"},
    "access-open": {"access"},
    "any-token": {"tokens"},
    "schema-drift": {"documented"},
    "asset-uncached": {"asset kept"},
    "asset-mistyped": {"asset type"},
    "asset-unmarked": {"asset marked"},
    "asset-missed": {"asset hit"},
    "metrics-public": {"metrics closed"},
    "metrics-no-samples": {"metrics sampled"},
    "migrations-behind": {"migrated"},
    "forwarded-missing": {"forwarded"},
    "forwarded-believed": {"not spoofed"},
    "no-spa-fallback": {"spa"},
    "spa-in-api": {"spa api"},
}

#: what a limit may break besides, because the probes themselves run into it
_USE = {"database", "worker", "deposits", "deletes", "products", "schema alive", "task", "events", "session"}
ALSO = {
    "edge-limit-tight": _USE | {"quota counted", "quota allowed"},
    "quota-tight": _USE,
    "log-not-json": {"log level"},
    "metrics-missing": {"sampled", "scraped"},  # which are made of the metrics
    "no-request-id": {"logs collected"},
    "mixed-versions": {"version"},
    "any-host": {"own database"},  # the neighbour is told from us by its name alone
}


def kept(client: Any, name: str) -> bool:
    client.ref.reset_limits()
    return bool(PROMISES[name](client))


def without_checking(client: Any) -> None:
    """Look at what the service says also while its certificate is bad; the TLS probes do check."""
    client.session.close()
    client.session = UncheckedSession()
    client.session.trust_env = False


class UncheckedSession(requests.Session):
    def request(self, *args: Any, **more: Any) -> requests.Response:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return super().request(*args, **(more | {"verify": False}))


def test_every_fault_is_covered() -> None:
    # those of drills are seen by drills: tests/proof/test_backup.py, test_restores.py
    drilled = {each.name for each in FAULTS.values() if each.programs or each.bucket or each.archiver}
    assert set(BREAKS) == set(FAULTS) - drilled
    assert set.union(*BREAKS.values()) == set(PROMISES) - {"tls 1.2"}


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_fault_breaks_what_it_says_and_heals(client: Any, name: str) -> None:
    without_checking(client)
    client.ref.inject(name)
    assert client.ref.faults == {name}
    broken = {promise for promise in BREAKS[name] if not kept(client, promise)}
    client.ref.heal(name)
    mended = {promise for promise in BREAKS[name] if kept(client, promise)}
    assert client.ref.faults == frozenset()
    assert (broken, mended) == (BREAKS[name], BREAKS[name])
    client.session.close()


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_fault_breaks_nothing_else(client: Any, name: str) -> None:
    without_checking(client)
    client.ref.inject(name)
    broken = set()
    for promise in PROMISES:
        if not kept(client, promise):
            broken.add(promise)
        if name == "slow-start":
            client.ref.heal(name)
            client.ref.inject(name)
    client.ref.heal(name)
    assert BREAKS[name] <= broken <= BREAKS[name] | ALSO.get(name, set())
    client.session.close()


def test_everything_is_kept_without_a_fault(client: Any) -> None:
    assert {promise for promise in PROMISES if not kept(client, promise)} == set()


@pytest.mark.parametrize(
    ("name", "down"),
    [
        ("database-down", {"db"}),
        ("redis-down", {"cache", "celery"}),
        ("redis-hang", {"cache", "celery"}),
        ("worker-down", {"celery"}),
        ("storage-down", {"uploads"}),
    ],
)
def test_health_names_what_is_down_and_liveness_stays(client: Any, name: str, down: set[str]) -> None:
    client.ref.inject(name)
    answer = health(client)
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert {dependency for dependency, state in answer.json()["checks"].items() if state == "down"} == down
    assert client.get("/live/").status_code == 200
    client.ref.heal(name)
    assert health(client).status_code == 200


def test_health_lies_while_the_database_is_down(client: Any) -> None:
    client.ref.inject("database-down")
    client.ref.inject("health-lies")
    assert health(client).json()["status"] == "healthy"
    client.ref.heal("health-lies")
    assert health(client).status_code == 503


def test_a_slow_start_ends_by_itself(client: Any) -> None:
    client.ref.inject("slow-start")
    assert health(client).json()["status"] == "starting"
    end = time.monotonic() + 10
    while health(client).status_code != 200:
        assert time.monotonic() < end


def test_faults_add_up_and_heal_apart(client: Any) -> None:
    for name in ("no-hsts", "no-csp", "redis-down", "redis-hang"):
        client.ref.inject(name)
    client.ref.inject("no-hsts")
    headers = client.get("/live/").headers
    assert "Strict-Transport-Security" not in headers
    assert "Content-Security-Policy" not in headers
    client.ref.heal("no-hsts")
    client.ref.heal("redis-down")
    assert "Strict-Transport-Security" in client.get("/live/").headers
    assert health(client).status_code == 503
    client.ref.heal("redis-hang")
    assert health(client).status_code == 200


def test_an_unknown_fault_names_the_nearest(client: Any) -> None:
    with pytest.raises(UnknownFaultError, match="did you mean 'redis-down'"):
        client.ref.inject("redis-dwn")
    assert client.ref.faults == frozenset()


def test_every_fault_turns_something_that_exists() -> None:
    knobs = {each.name: each.default for each in dataclasses.fields(Behaviour)}
    for each in FAULTS.values():
        assert fault(each.name) is each
        assert each.summary
        turned = each.turns or each.parts or each.certificate
        turned = turned or each.programs or each.bucket or each.archiver
        assert turned or each.legacy_tls or each.http1 or each.unready
        for knob, value in each.turns.items():
            assert value is None or isinstance(value, type(knobs[knob]))
            assert value != knobs[knob]
        assert set(each.parts) <= {"redis", "database", "worker"}
        assert set(each.parts.values()) <= {"down", "paused"}
        assert each.certificate in {"", *KINDS}


def test_the_plain_port_really_serves_while_it_does_not_redirect(client: Any) -> None:
    client.ref.inject("plain-http")
    before = client.balance("bob")
    made = client.post(f"{API}deposits/", {"amount": "2.00"}, user="bob", plain=True)
    assert made.status_code == 201
    assert client.balance("bob") == before + 2
    assert client.get(f"{API}products/", plain=True).json()["count"] >= 5
    assert client.get("/nowhere", plain=True).status_code == 404
    assert client.get("/health/", plain=True, headers={"Host": "evil.example"}).status_code == 400


def test_debug_pages_are_djangos_own(client: Any) -> None:
    client.ref.inject("debug-on")
    pages = (
        client.get("/nowhere"),
        client.get("/nowhere", headers={"Host": "evil.example"}),
        client.get("/verify/failure/"),
    )
    assert [answer.status_code for answer in pages] == [404, 400, 500]
    for answer in pages:
        assert "DEBUG = True" in answer.text
        assert "text/html" in answer.headers["Content-Type"]
