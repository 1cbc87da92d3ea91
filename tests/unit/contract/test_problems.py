# ruff: noqa: E501  # each message stands on one line, as it is told
"""Wrong values, unknown names and keys that do not go together: message, place and advice."""

import time

import pytest

from verify.contract.errors import ContractError, Problem
from verify.contract.load import load
from verify.model.place import Place

HEAD = "verify: 1\nsystem: x\n"


def problems(text: str) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load(text.encode(), "v")
    return [str(problem) for problem in caught.value.problems]


NAME = "expected a name such as `staging`: a lower-case letter, then at most 62 of a-z 0-9 _ -"
SECRET = "a secret never stands in a contract: write the name of an environment variable, e.g. $STAGING_TOKEN"
ENCODED = "it begins with one `/`, and what is not ASCII, a space or a sign such as `#` is percent-encoded (`/caf%C3%A9`)"
PATH = f"expected a path such as `/api/v1/healthcheck/`: {ENCODED}"
TEMPLATE = f"expected a path such as `/orders/{{id}}/`: {ENCODED}"
PLAIN = "expected an address of plain HTTP such as http://staging.example.com, then an ASCII host"
FILES = "expected files below the contract's folder such as `docker-compose*.yml`, not a folder itself"
STARS = "`**` is any folders, and stands alone between slashes: write `**/*.yml`"
ORIGIN = "expected an address such as https://staging.example.com: http or https, then an ASCII host"
HOST = "expected an address such as https://staging.example.com; this one has a wrong host or port"
BELOW = "expected a path below the contract's folder such as `docs/deployment.md`"
ENVIRONMENT = "environments:\n  staging:\n    url: https://a.example\n"
CASES = [
    # the top
    ("verify: 1\n", ["v:1:1: key 'system' is missing: add it"]),
    ("system: x\n", ["v:1:1: key 'verify' is missing: add it"]),
    ("verify: 2\nsystem: x\n", ["v:1:9: expected `verify: 1`, the format that this version reads, got 2"]),
    (
        "verify: true\nsystem: x\n",
        ["v:1:9: expected `verify: 1`, the format that this version reads, got true"],
    ),
    (
        "verify: 1.0\nsystem: x\n",
        ["v:1:9: expected `verify: 1`, the format that this version reads, got 1.0"],
    ),
    ("verify: 1\nsystem: 1.10\n", ["v:2:9: expected text, got a decimal number: write it in quotes"]),
    ("verify: 1\nsystem:\n", ["v:2:8: expected text, got nothing"]),
    ("verify: 1\nsystem: ''\n", ["v:2:9: expected text, got none"]),
    # unknown keys at several levels
    (HEAD + "claim: {}\n", ["v:3:1: unknown key 'claim': did you mean 'claims'?"]),
    (HEAD + ENVIRONMENT + "    Budgte: 3\n", ["v:6:5: unknown key 'Budgte': did you mean 'budget'?"]),
    (
        HEAD + ENVIRONMENT + "    readiness: {intervall: 1s}\n",
        ["v:6:17: unknown key 'intervall': did you mean 'interval'?"],
    ),
    (
        HEAD + "claims: {A-1: {says: x, at: y, checks: [{rule: a/b, wiht: {}}]}}\n",
        ["v:3:53: unknown key 'wiht': did you mean 'with'?"],
    ),
    (
        HEAD + "accounts: {a: {bearer: $A, zzz: 1}}\n",
        ["v:3:28: unknown key 'zzz': expected one of basic, bearer, header"],
    ),
    # what no request can be made of
    (HEAD + "endpoints: {a: {path: /häalth}}\n", [f"v:3:23: {PATH}"]),
    (HEAD + "endpoints: {a: {path: '/a{b}'}}\n", [f"v:3:23: {PATH}"]),
    (HEAD + "endpoints: {a: {path: '/a?b={c}'}, b: {path: '/a<b>'}}\n", [f"v:3:46: {PATH}"]),
    (HEAD + "flows: {a: {steps: [{get: '/{run_id}/ö'}]}}\n", [f"v:3:27: {TEMPLATE}"]),
    (HEAD + ENVIRONMENT + "    plain_url: https://a.example\n", [f"v:6:16: {PLAIN}"]),
    (
        HEAD + "files: [., ./, a/., '**.yml', '**/*.yml', ./a]\n",
        [f"v:3:9: {FILES}", f"v:3:12: {FILES}", f"v:3:21: {STARS}"],
    ),
    # units
    (
        HEAD + ENVIRONMENT + "    readiness: {within: 3 minutes}\n",
        ["v:6:25: unknown unit 'minutes' in '3 minutes' for a duration: did you mean 'm'?"],
    ),
    (
        HEAD + ENVIRONMENT + "    readiness: {within: 180}\n",
        ["v:6:25: expected a duration such as 500ms, got 180: write the unit, one of us, ms, s, m, h, d, w"],
    ),
    (
        HEAD + ENVIRONMENT + "    rate: 5/min\n",
        ["v:6:11: unknown unit '/min' in '5/min' for a rate: did you mean '/m'?"],
    ),
    (
        HEAD + ENVIRONMENT + "    rate: 0/s\n",
        ["v:6:11: expected a rate above zero such as 10/s, got '0/s'"],
    ),
    # secrets
    (HEAD + "accounts: {a: {bearer: hunter2}}\n", [f"v:3:24: {SECRET}"]),
    (HEAD + "accounts: {a: {bearer: 77777777}}\n", [f"v:3:24: {SECRET}"]),
    (HEAD + "accounts: {a: {bearer: [hunter2]}}\n", [f"v:3:24: {SECRET}"]),
    (HEAD + "accounts: {a: {bearer: $hunter2-x}}\n", [f"v:3:24: {SECRET}"]),
    (HEAD + "accounts: {a: {basic: {user: u, password: hunter2}}}\n", [f"v:3:43: {SECRET}"]),
    (HEAD + "accounts: {a: {header: {name: X, value: hunter2}}}\n", [f"v:3:41: {SECRET}"]),
    # wrong types and values
    (HEAD + "environments: []\n", ["v:3:15: expected a mapping (`key: value`), got a list"]),
    (HEAD + "files: a.yml\n", ["v:3:8: expected a list, got text"]),
    (HEAD + "environments: {a: 5}\n", ["v:3:19: expected a mapping (`key: value`), got a whole number"]),
    (HEAD + ENVIRONMENT + "    budget: 0\n", ["v:6:13: expected at least 1, got 0"]),
    (HEAD + ENVIRONMENT + "    budget: '5'\n", ["v:6:13: expected a whole number, got text"]),
    (HEAD + ENVIRONMENT + "    budget: true\n", ["v:6:13: expected a whole number, got true"]),
    (
        HEAD + ENVIRONMENT + "    protection: prod\n",
        ["v:6:17: unknown value 'prod': did you mean 'production'?"],
    ),
    (
        HEAD + ENVIRONMENT + "    protection: 1\n",
        ["v:6:17: expected one of production, disposable, got a whole number"],
    ),
    (
        HEAD + ENVIRONMENT + "    gate: [smoke, smok]\n",
        ["v:6:19: unknown value 'smok': did you mean 'smoke'?"],
    ),
    (HEAD + "endpoints: {Health: {path: /}}\n", [f"v:3:13: {NAME}"]),
    (HEAD + "endpoints: {a: {path: x}}\n", [f"v:3:23: {PATH}"]),
    (HEAD + "endpoints: {a: {path: //x}}\n", [f"v:3:23: {PATH}"]),
    (HEAD + 'endpoints: {a: {path: "/x\\n"}}\n', [f"v:3:23: {PATH}"]),
    (HEAD + "endpoints: {a: {path: /, expect: [200, 99]}}\n", ["v:3:40: expected at least 100, got 99"]),
    (HEAD + "endpoints: {a: {path: /, expect: 600}}\n", ["v:3:34: expected at most 599, got 600"]),
    (HEAD + "endpoints: {a: {path: /, expect: []}}\n", ["v:3:34: expected at least one entry, got none"]),
    (HEAD + "baseline: hunter\n", ["v:3:11: expected default, none or a list of rules, got 'hunter'"]),
    (HEAD + "baseline: 5\n", ["v:3:11: expected default, none or a list of rules, got a whole number"]),
    (
        HEAD + "baseline: [a/b, ab]\n",
        ["v:3:17: expected a rule's id such as `redirect/https`; `deploy-verify rules` lists them"],
    ),
    # addresses and paths
    (HEAD + "environments: {a: {url: ftp://x}}\n", [f"v:3:25: {ORIGIN}"]),
    (
        HEAD + "environments: {a: {url: https://u:hunter2@x.example}}\n",
        ["v:3:25: an address holds no user or password: declare an account with $NAMES instead"],
    ),
    (
        HEAD + "environments: {a: {url: https://x.example/api}}\n",
        ["v:3:25: expected scheme and host only: paths belong to the endpoints"],
    ),
    (
        HEAD + "environments: {a: {url: 'https://x.example?token=hunter2'}}\n",
        ["v:3:25: expected scheme and host only: paths belong to the endpoints"],
    ),
    (HEAD + "environments: {a: {url: 'https://x:99999'}}\n", [f"v:3:25: {HOST}"]),
    (HEAD + "environments: {a: {url: 'https://x:0'}}\n", [f"v:3:25: {HOST}"]),
    (HEAD + "environments: {a: {url: 'https://x_.-'}}\n", [f"v:3:25: {HOST}"]),
    (HEAD + "environments: {a: {url: 'https://[::g]'}}\n", [f"v:3:25: {HOST}"]),
    (HEAD + "environments: {a: {url: 'https://[v1.x:y]'}}\n", [f"v:3:25: {HOST}"]),
    (HEAD + "environments: {a: {url: 'https://[::1%5D]'}}\n", [f"v:3:25: {HOST}"]),
    (HEAD + "tests: [/etc]\n", [f"v:3:9: {BELOW}"]),
    (HEAD + "tests: [~/x]\n", [f"v:3:9: {BELOW}"]),
    (HEAD + "tests: ['C:\\x']\n", [f"v:3:9: {BELOW}"]),
    (
        HEAD + "tests: [a/../../b]\n",
        ["v:3:9: expected a path below the contract's folder: `..` leads out of it"],
    ),
    # names that nothing declares
    (
        HEAD + "endpoints: {health: {path: /}}\n" + ENVIRONMENT + "    readiness: {endpoint: helth}\n",
        ["v:7:27: unknown endpoint 'helth': did you mean 'health'?"],
    ),
    (
        HEAD + ENVIRONMENT + "    readiness: {endpoint: health}\n",
        ["v:6:27: unknown endpoint 'health': declare it under `endpoints:`"],
    ),
    (
        HEAD + ENVIRONMENT + "    account: tester\n    version: {json: v, endpoint: health}\n",
        [
            "v:6:14: unknown account 'tester': declare it under `accounts:`",
            "v:7:34: unknown endpoint 'health': declare it under `endpoints:`",
        ],
    ),
    (
        HEAD + "endpoints: {a: {path: /, account: tester}}\n",
        ["v:3:35: unknown account 'tester': declare it under `accounts:`"],
    ),
    (
        HEAD + "flows: {f: {steps: [{get: /, account: tester}]}}\n",
        ["v:3:39: unknown account 'tester': declare it under `accounts:`"],
    ),
    (
        HEAD
        + ENVIRONMENT
        + "claims: {A-1: {says: x, at: y, checks: [{rule: a/b, environments: [stagin]}]}}\n",
        ["v:6:68: unknown environment 'stagin': did you mean 'staging'?"],
    ),
    (
        HEAD
        + "claims: {LEA-1: {says: x, at: y}}\nwaivers: [{claim: LEA-2, until: 2027-01-31, owner: o, reason: r}]\n",
        ["v:4:19: unknown claim 'LEA-2', the waiver matches nothing in the contract: did you mean 'LEA-1'?"],
    ),
    # dates
    *(
        (
            HEAD + f"claims: {{A: {{says: x, at: y}}}}\n"
            f"waivers: [{{claim: A, until: {until}, owner: o, reason: r}}]\n",
            [f"v:4:29: expected a date such as 2027-01-31{told}"],
        )
        for until, told in {
            "2027-02-31": "; the calendar has no 2027-02-31",
            "20270131": ", got a whole number",
            "tomorrow": ", got 'tomorrow'",
            "2027-W01-1": ", got '2027-W01-1'",
        }.items()
    ),
    # keys that do not go together
    (HEAD + "environments:\n  a: {}\n", ["v:4:3: expected one of `url` or `reference`: add it"]),
    (
        HEAD + ENVIRONMENT + "    reference: {}\n",
        [
            "v:6:5: expected exactly one of `url` or `reference`, got `url` and `reference`: remove all but one"
        ],
    ),
    (
        HEAD + "environments: {a: {reference: {}, protection: production}}\n",
        ["v:3:35: the reference is always disposable: remove this line"],
    ),
    (
        HEAD + "accounts: {a: {}}\n",
        ["v:3:12: expected one of `bearer`, `basic` or `header`: add it"],
    ),
    (
        HEAD + "claims: {A: {says: x, at: y, rule: a/b, unverifiable: z}}\n",
        [
            "v:3:41: expected at most one of `rule`, `checks` or `unverifiable`, got `rule` and `unverifiable`: remove all but one"
        ],
    ),
    (
        HEAD + "claims: {A: {says: x, at: y, with: {a: 1}}}\n",
        ["v:3:30: `with` has no `rule` beside it: it belongs to the rule it fills"],
    ),
    (
        HEAD + "claims:\n  Lea-1: {says: x, at: y}\n  LEA-1: {says: x, at: y}\n",
        [
            "v:5:3: claim 'LEA-1' differs from 'Lea-1' only in upper and lower case, first in line 4: rename one of them"
        ],
    ),
    (
        HEAD
        + ENVIRONMENT
        + "claims: {A: {says: x, at: y}}\nwaivers:\n"
        + "- {claim: A, until: 2027-01-31, owner: o, reason: r}\n" * 2
        + "- {claim: A, until: 2027-01-31, owner: o, reason: r, environment: staging}\n" * 2,
        [
            "v:9:3: claim 'A' is waived twice, first in line 8: keep one of them",
            "v:11:3: claim 'A' is waived twice in 'staging', first in line 10: keep one of them",
        ],
    ),
    (
        HEAD + "flows: {f: {steps: [{get: /, json: {a: 1}}]}}\n",
        [
            "v:3:30: `json` is the request's body, which `get` does not have: write expected members under `answer:`"
        ],
    ),
    (
        HEAD
        + "flows: {f: {steps: [{post: /, save: {id: $.id}, json: {a: ['{run_id}{idd}']}}, {get: '/{ix}'}]}}\n",
        [
            "v:3:60: nothing before this saves 'idd': expected run_id",
            "v:3:81: nothing before this saves 'ix': expected one of id, run_id",
        ],
    ),
    (HEAD + "flows: {f: {steps: []}}\n", ["v:3:20: expected at least one entry, got none"]),
    (
        HEAD + "flows: {f: {steps: [5, {get: /, save: [1]}]}}\n",
        [
            "v:3:21: expected a mapping (`key: value`), got a whole number",
            "v:3:39: expected a mapping (`key: value`), got a list",
        ],
    ),
    (HEAD + "flows: {f: {steps: 7}}\n", ["v:3:20: expected a list, got a whole number"]),
    (HEAD + "waivers: 7\n", ["v:3:10: expected a list, got a whole number"]),
    (HEAD + "waivers: [7]\n", ["v:3:11: expected a mapping (`key: value`), got a whole number"]),
]


@pytest.mark.parametrize(("text", "told"), CASES, ids=range(len(CASES)))
def test_each_problem_is_told_at_its_place(text: str, told: list[str]) -> None:
    assert problems(text) == told
    assert "hunter2" not in "".join(told)


def test_everything_wrong_in_a_file_is_told_at_once_in_its_order() -> None:
    text = """\
verify: 1
system: 5
sytem: x
environments:
  staging:
    url: https://a.example
    url: https://b.example
    gate: [smok]
    readiness: {endpoint: helth, within: 5 parsecs}
accounts:
  a: {bearer: !vault hunter2}
endpoints:
  health: {pth: /x}
waivers:
  - {claim: A-2, until: 2027-02-31, owner: x}
"""
    with pytest.raises(ContractError) as caught:
        load(text.encode(), "v")
    told = caught.value.problems
    assert [(p.place.line, p.place.column) for p in told] == [
        (2, 9), (3, 1), (7, 5), (8, 12), (9, 27), (9, 42), (11, 15), (13, 3), (13, 12), (15, 5), (15, 13), (15, 25),
    ]  # fmt: skip
    assert str(caught.value).splitlines()[0] == "12 problems in the contract"
    assert str(caught.value).splitlines()[1:] == [str(problem) for problem in told]
    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_one_problem_is_counted_as_one() -> None:
    problem = Problem(Place("v", 1), "wrong")
    error = ContractError([problem, problem])
    assert error.problems == (problem,)
    assert str(error) == "1 problem in the contract\nv:1: wrong"


def test_long_and_unprintable_names_are_cut_and_escaped() -> None:
    (told,) = problems(HEAD + '"\\e[31m\\n' + "x" * 500 + '": 1\n')
    assert told.startswith("v:3:1: unknown key '\\x1b[31m\\nxxx")
    assert len(told) < 300


def test_more_problems_than_anybody_reads_are_counted() -> None:
    told = problems(HEAD + "".join(f"unknown-{n}: 1\n" for n in range(1000)))
    assert len(told) == 201
    assert told[0] == "v:1:1: 800 more problems are not listed"


def test_references_are_bounded_where_names_are_many() -> None:
    accounts = "".join(f"  account-{n}: {{bearer: $X}}\n" for n in range(5000))
    asked = "".join(f"  e{n}: {{path: /, account: no-account-{n}}}\n" for n in range(500))
    started = time.process_time()
    told = problems(HEAD + "accounts:\n" + accounts + "endpoints:\n" + asked)
    assert len(told) == 201
    assert told[0] == "v: 300 more problems across sections are not listed"
    assert time.process_time() - started < 20
