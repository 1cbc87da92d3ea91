"""CloudWatch, as moto speaks it: dashboards are listed, lines found, and nothing is changed."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest

from verify.collectors.monitoring import collect
from verify.collectors.world import World
from verify.contract.load import load
from verify.drills.aws import Access, Amazon
from verify.drills.cloudwatch import CloudWatch
from verify.drills.errors import DrillError
from verify.effects.journal import Journal
from verify.effects.redact import Redactor
from verify.facts.monitoring import Look, Looked, Ship
from verify.model.need import Unseen
from verify.model.units import seconds
from verify.reference.objectstore import ObjectStore
from verify.run.environment import open_world
from verify.run.options import Options, UsageError

CONTRACT = """verify: 1
system: sample
document: d.md
environments:
  prod:
    url: URL
    monitoring:
      cloud: {kind: cloudwatch, region: eu-west-1, access: $CLOUD_KEY_ID, secret: $CLOUD_KEY, OWN}
"""
LOOK = Look(source="cloud")
DEADLINE = 20.0
Open = Callable[..., World]


def admin(service: str, store: ObjectStore) -> Any:
    """The service as anybody with the key sees it, without any of our code."""
    return boto3.client(
        service, endpoint_url=store.url, region_name="eu-west-1",
        aws_access_key_id=store.access, aws_secret_access_key=store.secret,
    )  # fmt: skip


@pytest.fixture
def cloud(object_store: ObjectStore) -> CloudWatch:
    access = Access(region="eu-west-1", access="CLOUD_KEY_ID", secret="CLOUD_KEY", endpoint=object_store.url)
    environ = {"CLOUD_KEY_ID": object_store.access, "CLOUD_KEY": object_store.secret}
    return CloudWatch(access, redactor=Redactor(), environ=environ)


@pytest.fixture
def dashboard(object_store: ObjectStore) -> Iterator[str]:
    client, name = admin("cloudwatch", object_store), f"Shop-{secrets.token_hex(4)}"
    client.put_dashboard(DashboardName=name, DashboardBody=json.dumps({"widgets": []}))
    yield name
    client.delete_dashboards(DashboardNames=[name])


@pytest.fixture
def group(object_store: ObjectStore) -> Iterator[str]:
    client, name = admin("logs", object_store), f"/ecs/shop-{secrets.token_hex(4)}"
    client.create_log_group(logGroupName=name)
    client.create_log_stream(logGroupName=name, logStreamName="web")
    yield name
    client.delete_log_group(logGroupName=name)


def write(store: ObjectStore, group: str, *lines: str, ago: float = 0.0) -> None:
    at = round((time.time() - ago) * 1000)
    events = [{"timestamp": at, "message": line} for line in lines]
    admin("logs", store).put_log_events(logGroupName=group, logStreamName="web", logEvents=events)


@pytest.fixture
def opened(
    object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., World]]:
    monkeypatch.setenv("CLOUD_KEY_ID", object_store.access)
    monkeypatch.setenv("CLOUD_KEY", object_store.secret)
    with ExitStack() as closing:
        journal = closing.enter_context(Journal.open("cloud", tmp_path))

        def opened(*needs: Any, more: str = "", url: str = object_store.url) -> World:
            text = CONTRACT.replace("OWN", f"knows: shop{more}, url: '{url}'")
            return open_world(
                load(text.replace("URL", object_store.url).encode(), "verify.yaml").contract,
                Options(environment="prod", deadline=seconds(DEADLINE)),
                needs,
                root=tmp_path,
                journal=journal,
                redactor=Redactor(),
                closing=closing,
            )

        yield opened


def seen(world: World, need: Any) -> Any:
    return dict(collect((need,), world))[need]


def test_dashboards_are_listed_and_lines_are_found(
    cloud: CloudWatch, dashboard: str, group: str, object_store: ObjectStore
) -> None:
    assert dashboard in cloud.dashboards(DEADLINE)
    write(object_store, group, '{"request_id": "verify-1-a"}', "something else")
    assert cloud.lines(group, "verify-1-a", DEADLINE) == ('{"request_id": "verify-1-a"}',)
    assert cloud.lines(group, "verify-1-b", DEADLINE) == ()


def test_only_lines_of_the_last_minutes_are_looked_through(
    cloud: CloudWatch, group: str, object_store: ObjectStore
) -> None:
    write(object_store, group, "verify-1-a", ago=1000)
    assert cloud.lines(group, "verify-1-a", DEADLINE) == ()


def test_a_group_that_is_not_there_is_named(cloud: CloudWatch) -> None:
    with pytest.raises(DrillError, match=r"searching log group /nowhere: there is no such log group at http"):
        cloud.lines("/nowhere", "a", DEADLINE)


def test_nothing_can_be_changed(object_store: ObjectStore) -> None:
    access = Access(region="eu-west-1", access="A", secret="B", endpoint=object_store.url)
    environ = {"A": object_store.access, "B": object_store.secret}
    amazon = Amazon("logs", access, stage="fetch", redactor=Redactor(), environ=environ)
    with pytest.raises(DrillError, match="CreateLogGroup changes something"), amazon.during("fetch", "a", 5):
        amazon.client.create_log_group(logGroupName="/ours")
    amazon.close()


def test_a_look_names_the_dashboards(opened: Open, dashboard: str) -> None:
    found = seen(opened(LOOK), LOOK)
    assert isinstance(found, Looked)
    assert (found.answer, found.knows) == (None, "shop")
    assert found.listed is not None
    assert dashboard in found.listed


def test_a_marked_request_is_found(
    opened: Open, group: str, object_store: ObjectStore, monkeypatch: Any
) -> None:
    need = Ship(source="cloud", path="/", within=seconds(10))
    world = opened(need, more=f", group: {group}")
    send = world.wire.send

    def logging(request: Any, **more: Any) -> Any:
        """The system, which is moto and logs nothing by itself."""
        answer = send(request, **more)
        write(object_store, group, json.dumps(dict(request.headers)))
        return answer

    monkeypatch.setattr(world.wire, "send", logging)
    found = seen(world, need)
    assert [found.marker in line for line in found.lines] == [True]
    assert (found.problem, found.last) == ("", None)


def test_one_that_is_not_there_is_waited_for_as_long_as_stated(opened: Open, group: str) -> None:
    need = Ship(source="cloud", path="/", within=seconds(0.5))
    found = seen(opened(need, more=f", group: {group}"), need)
    assert (found.lines, found.problem) == ((), "")
    assert seconds(0.5) <= found.took < seconds(10)


def test_what_cannot_be_seen_is_said(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    need = Ship(source="cloud", path="/", within=seconds(0.1))
    without = seen(opened(need), need)
    assert isinstance(without, Unseen)
    assert "expected `group:`" in without.reason
    gone = seen(opened(need, more=", group: /nowhere"), need)
    assert "there is no such log group" in gone.problem
    monkeypatch.setenv("CLOUD_KEY_ID", "AKIA0000000000000000")
    refused = seen(opened(LOOK), LOOK)
    assert isinstance(refused, Unseen)
    assert "the user of $CLOUD_KEY_ID may not: grant cloudwatch:ListDashboards" in refused.reason


@pytest.mark.parametrize(
    ("value", "words"), [("", "CLOUD_KEY, which is not set"), ("abc", "at least 6 characters")]
)
def test_its_secrets_have_to_be_there(
    opened: Open, monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    monkeypatch.setenv("CLOUD_KEY", value)
    with pytest.raises(UsageError, match=words):
        opened(LOOK)


def test_nobody_answers(opened: Open, serve_nobody: str) -> None:
    found = seen(opened(LOOK, url=serve_nobody), LOOK)
    assert isinstance(found, Unseen)
    assert "connection refused" in found.reason


@pytest.fixture
def serve_nobody() -> Iterator[str]:
    """An address that refuses connections, and is nobody else's meanwhile."""
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
