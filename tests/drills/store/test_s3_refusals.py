"""What goes wrong on the way to a bucket is told in one line: where, why, what to do, without a secret."""

import contextlib
import email.utils
import re
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from verify.drills.aws import Access
from verify.drills.errors import DrillError, NotRestorable
from verify.drills.store.base import Using
from verify.drills.store.s3 import S3Store

ENVIRON = {"TEST_STORE_ACCESS": "AKIAEXAMPLE0000", "TEST_STORE_SECRET": "s3cr3t/never+shown=0000"}
Answer = Callable[[BaseHTTPRequestHandler], None]
Opened = Callable[..., S3Store]


def said(error: BaseException, environ: dict[str, str] = ENVIRON) -> str:
    text = str(error)
    assert "\n" not in text
    assert not any(value in text for value in environ.values())
    return text


@pytest.fixture
def asked(using: Using) -> Callable[..., S3Store]:
    """Open a store at an endpoint of our own."""

    def at(url: str | None, environ: dict[str, str] = ENVIRON, **more: Any) -> S3Store:
        stated = Access(
            endpoint=url, region="us-east-1", access="TEST_STORE_ACCESS", secret="TEST_STORE_SECRET"
        )
        return S3Store("s3://backups", replace(stated, **more), using, environ=environ, writes=True)

    return at


def error(status: int, code: str, message: str = "said so", **headers: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response_only(status)
        for name, value in {"Content-Type": "application/xml", **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)

    return answer


def test_nobody_listens(asked: Opened) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(DrillError) as caught:
            asked(url).list()
    assert said(caught.value).startswith(f"fetch: listing s3://backups: no usable answer from {url}: ")
    assert "connection refused: check that it runs" in said(caught.value)
    assert not isinstance(caught.value, NotRestorable)


def test_a_name_that_is_none(asked: Opened) -> None:
    with pytest.raises(DrillError, match=r"name not found|deadline"):
        asked("http://no-such-host.invalid").list(deadline=10)


def test_no_bucket(opened: Opened, tmp_path: Path) -> None:
    store = opened("s3://there-is-no-such")
    path = tmp_path / "dump"
    path.write_bytes(b"x")
    for act in (store.list, lambda: store.get("a", tmp_path), lambda: store.put(path, "a")):
        with pytest.raises(
            DrillError, match=r"there is no such bucket at http://127.*check `store:`"
        ) as caught:
            act()
        assert not isinstance(caught.value, NotRestorable)
    assert store._using.journal.path.read_text().count(
        '"plan"'
    ) == store._using.journal.path.read_text().count('"gone"')


def test_other_credentials(using: Using, access: Access) -> None:
    with pytest.raises(DrillError) as caught:
        S3Store("s3://backups", access, using, environ=ENVIRON).list()
    assert "refuses the credentials: check $TEST_STORE_ACCESS and $TEST_STORE_SECRET" in said(caught.value)


@pytest.mark.parametrize("missing", sorted(ENVIRON))
def test_a_variable_that_is_not_set(asked: Opened, missing: str) -> None:
    with pytest.raises(DrillError, match=rf"expected credentials for .* in \${missing}: set it"):
        asked("http://127.0.0.1:1", {**ENVIRON, missing: ""})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(403, "AccessDenied"), "the user of $TEST_STORE_ACCESS may not: grant s3:ListBucket"),
        (error(403, "SignatureDoesNotMatch"), "check $TEST_STORE_ACCESS and $TEST_STORE_SECRET"),
        (error(400, "ExpiredToken"), "the credentials have expired: renew $TEST_STORE_ACCESS"),
        (
            error(301, "PermanentRedirect", x_amz_bucket_region="eu-west-1"),
            "the bucket is not in us-east-1 but in eu-west-1: write `region: eu-west-1`",
        ),
        (error(400, "AuthorizationHeaderMalformed"), "in another region: correct `region:`"),
        (error(418, "Teapot", "short and stout"), "refuses: Teapot: short and stout"),
    ],
)
def test_refusals(asked: Opened, stubbed: Callable[[Answer], Any], answer: Answer, expected: str) -> None:
    with pytest.raises(DrillError) as caught:
        asked(stubbed(answer).url).list()
    assert expected in said(caught.value)


@pytest.mark.parametrize(("apart", "words"), [(-1200, "ahead of"), (1200, "behind")])
def test_a_clock_that_is_wrong(
    asked: Opened, stubbed: Callable[[Answer], Any], apart: int, words: str
) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        error(403, "RequestTimeTooSkewed", Date=email.utils.formatdate(time.time() + apart, usegmt=True))(
            request
        )

    with pytest.raises(DrillError) as caught:
        asked(stubbed(answer).url).list()
    text = rf"this machine's clock is (20m|20m\ds|19m5\ds) {words} the server's: set the clock"
    assert re.search(text, said(caught.value))


def test_busy_is_asked_again_and_then_told(asked: Opened, stubbed: Callable[[Answer], Any]) -> None:
    stub = stubbed(error(503, "SlowDown"))
    with pytest.raises(DrillError, match="too busy"):
        asked(stub.url).list()
    assert len(stub.seen) == 3


def test_no_server_of_this_kind(asked: Opened, stubbed: Callable[[Answer], Any]) -> None:
    def page(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "9")
        request.end_headers()
        request.wfile.write(b"<html>hi!")

    with pytest.raises(DrillError, match="fails, or is something else"):
        asked(stubbed(page).url).list()


def test_a_redirect_is_not_followed(asked: Opened, stubbed: Callable[[Answer], Any]) -> None:
    other = stubbed(error(200, "OK"))
    stub = stubbed(error(307, "TemporaryRedirect", Location=f"{other.url}/backups"))
    with pytest.raises(DrillError):
        asked(stub.url).list()
    assert other.seen == []


def dripping(head: bytes) -> Answer:
    """Answer a byte now and then, until whoever asked has gone."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):
            request.wfile.write(head)
            while not request.server.over.wait(0.05):  # type: ignore[attr-defined]  # the stub's
                request.wfile.write(b"x")

    return answer


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nLast-Modified: Sat, 21 Nov 2026 02:00:00 GMT\r\n\r\n",
    ],
)
def test_an_answer_that_drips(
    asked: Opened, stubbed: Callable[[Answer], Any], head: bytes, tmp_path: Path
) -> None:
    store = asked(stubbed(dripping(head)).url)
    began = time.monotonic()
    with pytest.raises(
        DrillError, match=r"fetching s3://backups/a: .*(deadline of 500ms passed|not done within)"
    ):
        store.get("a", tmp_path, deadline=0.5)
    assert time.monotonic() - began < 3


def test_an_answer_that_is_cut(asked: Opened, stubbed: Callable[[Answer], Any], tmp_path: Path) -> None:
    def cut(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with pytest.raises(DrillError, match="fetching s3://backups/a: "):
        asked(stubbed(cut).url).get("a", tmp_path)


def test_no_room(asked: Opened, stubbed: Callable[[Answer], Any], tmp_path: Path) -> None:
    def huge(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000000000\r\n\r\n")

    with pytest.raises(DrillError, match=r"expected 900TB of free space, found .*: make room"):
        asked(stubbed(huge).url).get("a", tmp_path)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("NoSuchKey", NotRestorable, "it is not in the store"),
        ("InvalidObjectState", DrillError, "it is archived"),
        ("KMS.DisabledException", NotRestorable, "its key is disabled"),
        ("AccessDenied", DrillError, "grant s3:GetObject"),
    ],
)
def test_whose_fault_it_is(
    asked: Opened,
    stubbed: Callable[[Answer], Any],
    tmp_path: Path,
    code: str,
    kind: type[DrillError],
    words: str,
) -> None:
    with pytest.raises(DrillError, match=words) as caught:
        asked(stubbed(error(403, code)).url).get("a", tmp_path)
    assert type(caught.value) is kind


def test_what_may_not_be_seen_is_noted(asked: Opened, stubbed: Callable[[Answer], Any]) -> None:
    empty = b"<ListBucketResult><Name>backups</Name><IsTruncated>false</IsTruncated></ListBucketResult>"

    def answer(request: BaseHTTPRequestHandler) -> None:
        if "list-type" not in request.path:
            error(403, "AccessDenied")(request)
            return
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(empty) + empty)

    seen = asked(stubbed(answer).url).list()
    assert (seen.versioning, seen.encryption, seen.replicas, seen.expiries, seen.public) == (None,) * 5
    assert set(seen.unseen) == {"versioning", "encryption", "replicas", "expiries", "public"}
    assert "grant s3:GetBucketVersioning" in seen.unseen["versioning"]
    assert "grant s3:GetEncryptionConfiguration" in seen.unseen["encryption"]


def test_amazon_s_own_hosts_are_those_of_the_bucket(asked: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    store = asked(None, region="eu-central-1")
    hosts = {origin.host for origin in store._amazon._wiring.gate.policy.origins}
    assert hosts == {"s3.eu-central-1.amazonaws.com", "backups.s3.eu-central-1.amazonaws.com"}
    assert store.host == "eu-central-1"


def test_an_address_that_hands_out_credentials_is_never_asked(asked: Opened) -> None:
    with pytest.raises(DrillError, match=r"refused, nothing was sent: .*never allowed"):
        asked("http://169.254.169.254").list()


@pytest.mark.parametrize("url", ["ftp://example.com", "http://", "http://user:word@127.0.0.1", "nonsense"])
def test_endpoints_that_are_none(asked: Opened, url: str) -> None:
    with pytest.raises(DrillError):
        asked(url)


def test_a_bundle_that_is_none(asked: Opened, tmp_path: Path) -> None:
    with pytest.raises(DrillError, match="expected a bundle of CA certificates"):
        asked("https://127.0.0.1:1", trust=str(tmp_path / "absent.pem"))


def test_settings_of_the_user_have_no_say(
    opened: Opened, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:1\nregion = nowhere-1\n")
    for name, value in {
        "AWS_PROFILE": "absent",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "other",
        "AWS_SECRET_ACCESS_KEY": "other",
        "AWS_SESSION_TOKEN": "other",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    assert opened(f"s3://{bucket}").list().artefacts == ()
