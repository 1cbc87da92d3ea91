"""Webhooks, logs and watching in a contract."""

import pytest

from verify.contract.errors import ContractError
from verify.contract.load import load
from verify.model.units import seconds

TEXT = """verify: 1
system: sample
document: d.md
environments:
  test:
    url: https://test.example
    logs: {file: logs/app.log}
    watch: {budget: 2%, interval: 5s}
  other: {url: 'https://other.example', logs: {platform: CloudWatch}}
webhooks:
  payment: {path: /hook/, secret: $PAYMENT_KEY, header: X-Sig, algorithm: sha512, prefix: 'v1='}
flows:
  paying: {steps: [{post: /hook/, webhook: payment, json: {id: '{run_id}'}, expect: 202}]}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load(text.encode(), "verify.yaml")
    return str(caught.value).splitlines()


def test_they_are_read() -> None:
    contract = load(TEXT.encode(), "verify.yaml").contract
    test, other = contract.environments["test"], contract.environments["other"]
    assert test.logs is not None
    assert (test.logs.file, test.logs.platform) == ("logs/app.log", None)
    assert (test.watch.interval, test.watch.budget) == (seconds(5), 0.02)
    assert (other.watch.interval, other.watch.budget) == (seconds(15), 0.01)
    assert contract.flows["paying"].steps[0].webhook == "payment"
    assert contract.webhooks["payment"].algorithm == "sha512"


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("webhook: payment", "webhook: payments", "verify.yaml:13:", "unknown webhook 'payments'"),
        ("$PAYMENT_KEY", "s3cr3t-key", "verify.yaml:11:", "a secret never stands in a contract"),
        ("sha512", "md5", "verify.yaml:11:", "sha512"),
        ("{file: logs/app.log}", "{file: a.log, platform: b}", "verify.yaml:7:", "exactly one of"),
        ("{file: logs/app.log}", "{}", "verify.yaml:7:", "`file`"),
        ("budget: 2%", "budget: 2", "verify.yaml:8:", "a ratio"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, place: str, words: str) -> None:
    found = problems(TEXT.replace(old, new))
    assert any(line.startswith(place) and words in line for line in found), found
