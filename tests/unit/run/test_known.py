"""Every secret that a contract can name is hidden, whichever environment and whoever needs it."""

import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from verify.contract.load import load
from verify.contract.patterns import Shape
from verify.contract.spec import Contract
from verify.contract.values import SecretName
from verify.effects.redact import Redactor
from verify.run.addresses import learn
from verify.run.known import learn as learn_all

CONTRACT = """verify: 1
system: shop
environments:
  staging: {url: https://shop.example, protection: disposable}
  live:
    url: https://live.example
    backups: {database: {source: $SOURCE, scratch: $SCRATCH, access: $ACCESS, secret: $SECRET}}
    monitoring:
      cloud: {kind: cloudwatch, region: us-east-1, access: $WATCH_ACCESS, secret: $WATCH_SECRET}
accounts:
  bearer: {bearer: $BEARER}
  basic: {basic: {user: shop, password: $PASSWORD}}
  header: {header: {name: X-Key, value: $HEADER}}
webhooks: {paid: {path: /paid, secret: $WEBHOOK}}
pipeline: {repository: team/shop, token: $TOKEN}
backups:
  database: {engine: postgresql, store: kept, recipient: age1, key: $KEY}
claims:
  X-1: {says: nothing, at: here, unverifiable: people}
"""
(_SHAPE,) = (each for each in typing.get_args(SecretName) if isinstance(each, Shape))


def parts_of(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in typing.get_args(annotation):
        yield from parts_of(each)


def models(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            for part in parts_of(field.annotation):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    models(part, seen)
    return seen


def fields_of(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if _SHAPE in (*field.metadata, *parts_of(field.annotation)):
            yield name


def stated(value: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, BaseModel):
        for name in fields_of(type(value)):
            if getattr(value, name):
                yield type(value).__name__, name, getattr(value, name)
        for name in type(value).model_fields:
            yield from stated(getattr(value, name))
    elif isinstance(value, typing.Mapping):
        for each in value.values():
            yield from stated(each)


def test_every_secret_is_learned() -> None:
    contract = load(CONTRACT.encode(), "verify.yaml").contract
    here = {(model, field): secret for model, field, secret in stated(contract)}
    every = {(each.__name__, name) for each in models(Contract, set()) for name in fields_of(each)}
    assert here.keys() == every, "state the new secret above, and let it be learned"
    assert len(here) == 12
    values = {secret[1:]: f"value-of-{secret[1:].lower()}-0123" for secret in here.values()}
    variables = {
        name: f"postgresql://shop:{value}@db.example/shop" if name in {"SOURCE", "SCRATCH"} else value
        for name, value in values.items()
    }
    redactor = Redactor()
    learn_all(redactor, contract, variables)
    for name, value in values.items():
        assert redactor.text(f"it is {value}") == f"it is ***{name}***"
    assert redactor.text("c2hvcDp2YWx1ZS1vZi1wYXNzd29yZC0wMTIz") == "***PASSWORD***", "Basic is one secret"
    assert "db.example" in redactor.text(variables["SOURCE"])


def test_what_is_not_set_or_cannot_be_hidden_is_left_to_the_run() -> None:
    contract = load(CONTRACT.encode(), "verify.yaml").contract
    redactor = Redactor()
    short = {"BEARER": "a", "SOURCE": "redis://:b@c", "WATCH_SECRET": "d", "TOKEN": "told-and-hidden"}
    learn_all(redactor, contract, short)
    assert redactor.secrets == (("TOKEN", "told-and-hidden"),)


@pytest.mark.parametrize(
    ("address", "hidden"),
    [
        ("postgresql://shop:Geheim-Wort-77@db.example/shop", ["Geheim-Wort-77"]),
        ("postgresql://shop:Geheim℀Wort77@db.example/shop", ["Geheim℀Wort77"]),
        ("postgresql://shop:pa#ss-word-1@db.example/shop", ["pa#ss-word-1", "ss-word-1"]),
        ("postgresql://shop:pa?ss-word-1@db.example/shop", ["pa?ss-word-1"]),
        ("postgresql://shop:long-part/ss-word-1@db.example/shop", ["long-part/ss-word-1", "long-part"]),
        ("postgresql://shop:p@ss-word-1@db.example/shop", ["p@ss-word-1", "ss-word-1"]),
        ("postgresql://shop:pass:word@db.example/shop", ["pass:word"]),
        ("postgresql://shop:ab%40cd%2Def@db.example/shop", ["ab%40cd%2Def", "ab@cd-ef"]),
        ("postgresql://shop@db.example/shop?password=Geheim%2DWort", ["Geheim-Wort", "Geheim%2DWort"]),
        ("postgresql:///shop?sslmode=x&sslpassword=Geheim+Wort#a", ["Geheim+Wort", "Geheim Wort"]),
        ("redis://:Geheim-Wort-77@[::1", ["Geheim-Wort-77"]),
        ("host=db user=shop password=Geheim-Wort-77 dbname=x", ["Geheim-Wort-77"]),
        (r"host=db password = 'Geheim \'Wort\\ 77' dbname=x", [r"Geheim 'Wort\ 77"]),
        (r"password=Geheim\ Wort host=db", ["Geheim Wort"]),
        ("host=db password='never closed", ["never closed"]),
        ("host=db password='' dbname=shop", ["host=db password='' dbname=shop"]),
        ("no-address-at-all", ["no-address-at-all"]),
    ],
)
def test_the_password_of_an_address_is_hidden(address: str, hidden: list[str]) -> None:
    redactor = Redactor()
    learn(redactor, "DSN", address)
    for password in hidden:
        assert redactor.text(f"login with {password} failed") == "login with ***DSN*** failed"
    assert redactor.text("db.example/shop") == "db.example/shop"


@pytest.mark.parametrize(
    "address", ["s3://bucket/prefix", "redis://db.example", "postgresql://shop@db/x?a=b@c"]
)
def test_an_address_without_a_password_is_no_secret(address: str) -> None:
    redactor = Redactor()
    learn(redactor, "DSN", address)
    assert redactor.secrets == ()


@pytest.mark.parametrize(
    "address", ["postgresql://shop:abc@db/x", "redis://:%41%42%43@db", "password=abc host=db"]
)
def test_a_password_that_cannot_be_told_from_text_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"\$DSN: expected a secret of at least 6 characters"):
        learn(Redactor(), "DSN", address)
