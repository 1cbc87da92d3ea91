"""Amazon's interfaces, or ones like them, asked through our own connections.

boto3 makes and signs the requests; they leave as every request of ours does: to declared hosts
only, within one deadline that counts the last byte too. Nothing of the user's own settings has a
say, neither files nor variables: credentials are those that the contract names.
"""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import requests.utils

from verify.drills.errors import DrillError
from verify.drills.refusals import refusal
from verify.effects.adapter import GuardedAdapter
from verify.effects.connections import Wiring, tls_context
from verify.effects.errors import EffectError, Unreachable
from verify.effects.origin import Origin
from verify.effects.protection import Gate, Policy
from verify.effects.redact import Redactor
from verify.model.units import Duration

#: how names of variables begin that nobody's environment has: those of the reference's own interface
REFERENCE = "DEPLOY_VERIFY_REFERENCE_"
EXTRA = 'pip install "pytest-deploy-verify[backup]"'
_ATTEMPTS = 3
#: what botocore adds by itself since 1.36, and servers like S3 may not know
_CHECKSUMS = ("request_checksum_calculation", "response_checksum_validation")
#: what boto3 calls the parts of credentials; the last is of temporary ones
_PARTS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_READS = ("Describe", "Filter", "Get", "Head", "List")
#: a deadline bounds how long an answer takes, so its size needs no further limit
_UNBOUNDED = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where an interface answers and who asks.

    ``endpoint`` is its URL, None for Amazon's own in ``region``; ``access``, ``secret`` and
    ``token`` are names of environment variables, the last one only for temporary credentials;
    ``trust`` is a file of certificate authorities; ``private`` lets the endpoint's name lie at a
    private address.
    """

    region: str
    access: str
    secret: str
    endpoint: str | None = None
    token: str | None = None
    trust: str | None = None
    private: bool = False

    def details(self) -> dict[str, Any]:
        """Return it as JSON for the journal; there is no secret in it."""
        return asdict(self)

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> Self:
        """Read back what ``details`` gave."""
        return cls(**{name: details[name] for name in cls.__slots__})

    @property
    def passing(self) -> bool:
        """Say whether it is the reference's: what is made there goes with it."""
        return self.access.startswith(REFERENCE)

    @property
    def at(self) -> str:
        """Return where it is, for messages."""
        return self.endpoint or f"Amazon's {self.region}"


class Amazon:
    """A client of one service; share it among threads.

    Use ``client`` inside of ``during`` only: that sets the deadline and says what went wrong.
    ``writes`` allows what is not called Describe, Filter, Get, Head or List. ``bucket`` is the one whose
    name becomes part of the host, where Amazon's own interface is asked.
    """

    def __init__(  # noqa: PLR0913 - each is stated by another part of the contract
        self,
        service: str,
        access: Access,
        *,
        stage: str,
        redactor: Redactor,
        environ: Mapping[str, str] | None = None,
        writes: bool = False,
        bucket: str = "",
    ) -> None:
        """Make the client; nothing is sent yet. Raise ``DrillError`` of ``stage``."""
        self.access = access
        self._redactor = redactor
        self._writes = writes
        self._local = threading.local()
        credentials = _credentials(access, stage, os.environ if environ is None else environ, redactor)
        self.client = _client(service, access, stage, credentials, path_style="." in bucket)
        origin = _origin(self.client.meta.endpoint_url, stage)
        self.host = origin.host
        origins = {origin}
        if bucket and access.endpoint is None:
            origins.add(Origin(origin.scheme, f"{bucket}.{origin.host}", origin.port))
        # others than S3 ask with POST whatever they ask: the call's name tells what changes, in `_allowed`
        policy = Policy(
            origins=frozenset(origins), destructive=writes or service != "s3", private=access.private
        )
        self._wiring = Wiring(Gate(policy), seconds=0.0, wire=_UNBOUNDED)
        trust = access.trust or requests.utils.DEFAULT_CA_BUNDLE_PATH
        try:
            context = tls_context(str(Path(trust)))
        except OSError as error:
            raise DrillError(
                stage, f"{trust}: expected a bundle of CA certificates in PEM: {error}"
            ) from error
        self._adapter = GuardedAdapter(self._wiring, context)
        events = self.client.meta.events
        events.register("before-call", self._allowed)
        events.register("before-send", self._send)

    @contextlib.contextmanager
    def during(self, stage: str, what: str, deadline: float) -> Iterator[None]:
        """Bound what this thread asks in the block by ``deadline`` seconds; raise ``DrillError``.

        ``what`` is attempted, such as ``listing s3://bucket``, for the message. An outer block's
        deadline is not extended.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        outer: tuple[float, float] | None = getattr(self._local, "limit", None)
        until = time.monotonic() + deadline
        self._local.limit = (until, deadline) if outer is None else min((until, deadline), outer)
        try:
            yield
        except DrillError:
            raise
        except (ClientError, BotoCoreError, EffectError) as error:
            kind, reason = refusal(error, self.access)
            if self.left() <= 0 and "deadline" not in reason:
                reason = f"deadline of {Duration(self._local.limit[1])} passed while reading the answer"
            raise kind(stage, self._redactor.text(f"{what}: {reason}")) from error
        finally:
            self._local.limit = outer

    def left(self) -> float:
        """Return how many seconds are left of the block that this thread is in."""
        return float(self._local.limit[0] - time.monotonic())

    def close(self) -> None:
        """Break off what is under way and close every connection. Safe to repeat."""
        self._wiring.gate.close()
        self._wiring.shut()
        self._adapter.close()

    def _allowed(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        """Refuse what changes something; and keep botocore from asking another region by itself."""
        context.setdefault("s3_redirect", {})["redirected"] = True
        if not self._writes and not str(model.name).startswith(_READS):
            raise DrillError("store", f"{model.name} changes something, and here nothing may be changed")

    def _send(self, request: Any, **_: Any) -> Any:
        """Send in botocore's place; it repeats what fails as one of its own connection errors."""
        from botocore.awsrequest import AWSResponse
        from botocore.exceptions import EndpointConnectionError

        until, whole = self._local.limit
        call = self._wiring.new_call(whole)
        call.until = until
        # bodies are whole here, so that there is nothing to wait for before they are sent
        headers = [line for line in request.headers.items() if line[0].lower() != "expect"]
        body = request.body.read() if hasattr(request.body, "read") else request.body
        body = body.encode() if isinstance(body, str) else bytes(body) if body else None
        try:
            answer = self._adapter.open(request.method, request.url, headers, body, call)
        except Unreachable as error:
            if not error.transient or call.expired:
                raise
            raise EndpointConnectionError(endpoint_url=request.url, error=error.reason) from error
        return AWSResponse(request.url, answer.status, answer.headers, answer)


def _credentials(
    access: Access, stage: str, environ: Mapping[str, str], redactor: Redactor
) -> dict[str, str]:
    found = {}
    for name, variable in zip(_PARTS, (access.access, access.secret, access.token), strict=True):
        if variable is None and name == _PARTS[-1]:
            continue
        value = environ.get(variable or "", "")
        if not value:
            raise DrillError(
                stage, f"expected credentials for {access.at} in ${variable}: set it, or name another one"
            )
        try:
            redactor.add(variable or "", value)
        except ValueError as error:
            raise DrillError(stage, str(error)) from None
        found[name] = value
    return found


def _client(
    service: str, access: Access, stage: str, credentials: Mapping[str, str], *, path_style: bool
) -> Any:
    try:
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise DrillError(
            stage, f"{access.at} is asked with boto3, which is not installed: {EXTRA}"
        ) from error
    nowhere: tuple[Any, ...] = (None, None, os.devnull, None)
    session = botocore.session.Session(
        session_vars={
            "profile": (None, [], None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
        }
    )
    session.register_component("data_loader", _loader())
    config = Config(
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        signature_version="s3v4" if service == "s3" else "v4",
        s3={
            "addressing_style": "path" if access.endpoint or path_style else "virtual",
            "payload_signing_enabled": True,
        },
        ignore_configured_endpoint_urls=True,
        **{name: "when_required" for name in _CHECKSUMS if name in Config.OPTION_DEFAULTS},
        parameter_validation=True,
        use_dualstack_endpoint=False,
        use_fips_endpoint=False,
    )
    try:
        return boto3.session.Session(botocore_session=session).client(
            service, region_name=access.region, endpoint_url=access.endpoint, config=config, **credentials
        )
    except (BotoCoreError, ValueError) as error:
        raise DrillError(
            stage, f"{access.at} cannot be asked: {error}: check `endpoint:` and `region:`"
        ) from error


@functools.cache
def _loader() -> Any:
    """Return what reads the descriptions of services: megabytes that no client has to read again."""
    import botocore.loaders

    return botocore.loaders.create_loader()


def _origin(url: str, stage: str) -> Origin:
    try:
        return Origin.of(url)
    except ValueError as error:
        raise DrillError(stage, str(error)) from None
