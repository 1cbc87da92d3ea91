"""Entry point of the pytest plugin: options, and a door that opens only when it is asked to.

Installed and idle it costs a few options: the package ``verify`` is not imported before one
of them is used. It is then imported from beside this file, whatever folder called ``verify``
a user has, and outside of assertion rewriting. PYTEST_DONT_REWRITE
"""

import importlib.machinery
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib would be a module more in every idle run

#: name, how often, metavar, help; each is --verify-NAME always, and --NAME where nobody else has it
OPTIONS = (
    ("env", "store", "NAME", "judge the contract against this environment"),
    ("suite", "append", "NAME", "judge this suite only (repeatable)"),
    ("contract", "store", "FILE", "the contract, by default the verify.yaml found here"),
    ("claim", "append", "ID", "judge this claim only (repeatable)"),
    ("expect-version", "store", "VERSION", "the release that has to answer"),
    ("allow-destructive", "store", "ENV", "repeat the environment's name to allow checks that write"),
    ("no-waivers", "store_true", None, "judge as if nothing were waived"),
    ("inconclusive", "store", "fail|skip", "what an inconclusive claim does to its test (fail)"),
    ("evidence", "store", "FILE", "judge the facts of an earlier run again; nothing is asked"),
    ("reports", "store", "DIR", "where reports are written (reports/ below the root)"),
    ("fault", "append", "NAME", "switch on a fault of the reference (repeatable)"),
)
#: options that mean the contract is to be judged
ASKING = ("env", "suite", "contract", "claim", "evidence")
#: options whose environment variable and ini twin make no sense
NO_TWIN = frozenset({"no-waivers"})


def pytest_addoption(parser):
    """Add each option under its long name, and the ini settings."""
    group = parser.getgroup("deploy-verify", "deployment verification")
    for name, action, metavar, text in OPTIONS:
        _add(group, f"--verify-{name}", name, action, metavar, text)
        if name not in NO_TWIN:
            parser.addini(f"verify_{name.replace('-', '_')}", f"default of --verify-{name}", default="")


def _add(group, flag, name, action, metavar, text):
    details = {"metavar": metavar} if metavar else {}
    group.addoption(flag, action=action, dest=dest(name), default=None, help=text, **details)


def dest(name):
    """Return the attribute of an option."""
    return "verify_" + name.replace("-", "_")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config, parser):
    """Add the short names once every conftest had its chance to own them."""
    result = yield
    group = parser.getgroup("deploy-verify")
    for name, action, metavar, text in OPTIONS:
        try:
            _add(group, f"--{name}", name, action, metavar, text)
        except ValueError:
            continue  # a conftest or plugin owns it; the long name remains
    return result


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Register the plugin proper when the contract is to be judged."""
    config.addinivalue_line("markers", "claim(id): this test judges a claim of verify.yaml")
    given = {name: value for name in map(_first, OPTIONS) if (value := _given(config, name))}
    foreign = None if "env" in given else _foreign_env(config)
    if not foreign and not any(name in given for name in ASKING) and not _named(config):
        return
    _open_door()
    from verify.plugin.gate import activate

    activate(config, {**_defaults(config), **given}, foreign)


def _first(option):
    return option[0]


def _given(config, name):
    """Return what the command line says, else the environment variable."""
    value = getattr(config.option, dest(name), None)
    if value or name in NO_TWIN:
        return value
    variable = os.environ.get(dest(name).upper(), "")
    if not variable:
        return None
    repeated = any(option[0] == name and option[1] == "append" for option in OPTIONS)
    return variable.split(",") if repeated else variable


def _defaults(config):
    """Return the ini settings, which choose but do not ask by themselves."""
    found = {}
    for name, action, _, _ in OPTIONS:
        value = "" if name in NO_TWIN else config.getini(dest(name))
        if value:
            found[name] = value.split(",") if action == "append" else value
    return found


def _foreign_env(config):
    """Return the value of somebody else's --env, only where the command line gives it."""
    arguments = [str(argument) for argument in config.invocation_params.args]
    if not any(a == "--env" or a.startswith("--env=") for a in arguments):
        return None
    value = getattr(config.option, "env", None)
    return value if isinstance(value, str) else None


def _named(config):
    """Tell whether a contract is named among the paths."""
    return any(str(argument).partition("::")[0].endswith("verify.yaml") for argument in config.args)


class _Door:
    """Finds ``verify`` beside this file and nowhere else, and leaves its modules unrewritten."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """Find the package and its modules, by the ordinary machinery."""
        if name == "verify":
            return importlib.machinery.PathFinder.find_spec(name, [HERE], target)
        if name.startswith("verify."):
            return importlib.machinery.PathFinder.find_spec(name, path, target)
        return None


def _open_door():
    loaded = sys.modules.get("verify")
    ours = os.path.join(HERE, "verify")  # noqa: PTH118 - as above
    if loaded is not None and ours not in list(getattr(loaded, "__path__", ())):
        where = getattr(loaded, "__file__", None) or "a folder without __init__.py"
        raise pytest.UsageError(
            f"another package called `verify` is imported already ({where}): "
            "rename it, or do not import it in conftest.py, when the contract is to be judged"
        )
    if not any(finder is _Door for finder in sys.meta_path):
        sys.meta_path.insert(0, _Door)


def main():
    """Run the command ``deploy-verify``."""
    _open_door()
    from verify.cli import main as run

    return run()
