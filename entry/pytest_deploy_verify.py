"""Entry point of the pytest plugin: options, and a door that opens only when it is asked to.

Installed and idle it costs a few options: the package ``verify`` is not imported before one
of them is used. It is then imported from where its own distribution lies, whatever folder called
``verify`` a user has, and outside of assertion rewriting. PYTEST_DONT_REWRITE

This file is a distribution by itself: pytest reads the list of files of each one that has a plugin,
in every run of every project, and the package has a thousand.
"""

import atexit
import importlib.machinery
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import pytest

__version__ = "0.1.0"  # with the same one of the package, which tests/repo sees to

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib would be a module more in every idle run
#: the distribution of the package
CORE = "deploy-verify-core"

#: name, how often, metavar, help; each is --verify-NAME always, and --NAME where nobody else has it
OPTIONS: tuple[tuple[str, str, str | None, str], ...] = (
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
    ("watch", "store", "DURATION", "after a green gate, repeat its blockers for this time, such as 15m"),
    ("watch-interval", "store", "DURATION", "how often --watch repeats them (15s, or the contract's)"),
    ("fault", "append", "NAME", "switch on a fault of the reference (repeatable)"),
)
#: options that mean the contract is to be judged
ASKING = ("env", "suite", "contract", "claim", "evidence")
#: what a team's tests may ask for where a contract is judged
FIXTURES = ("environment", "http", "claims")
#: options whose environment variable and ini twin make no sense
NO_TWIN = frozenset({"no-waivers"})
#: where a contract is looked for below a folder
DEPTHS = ("", "*/", "*/*/")
#: what the controller of xdist hands to a worker of an active run
HANDED_OVER = "deploy_verify_chosen"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add each option under its long name, and the ini settings."""
    group = parser.getgroup("deploy-verify", "deployment verification")
    for name, action, metavar, text in OPTIONS:
        _add(group, f"--verify-{name}", name, action, metavar, text)
        if name not in NO_TWIN:
            parser.addini(f"verify_{name.replace('-', '_')}", f"default of --verify-{name}", default="")


def _add(group: Any, flag: str, name: str, action: str, metavar: str | None, text: str) -> None:
    details = {"metavar": metavar} if metavar else {}
    group.addoption(flag, action=action, dest=dest(name), default=None, help=text, **details)


def dest(name: str) -> str:
    """Return the attribute of an option."""
    return "verify_" + name.replace("-", "_")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> Iterator[None]:  # noqa: ARG001 - the hook's signature
    """Add the short names once every conftest had its chance to own them."""
    result = yield
    group = parser.getgroup("deploy-verify")
    taken = _option_names(parser)
    for name, action, metavar, text in OPTIONS:
        if f"--{name}" not in taken:  # a conftest or plugin owns it; the long name remains
            _add(group, f"--{name}", name, action, metavar, text)
    return result


def _option_names(parser: pytest.Parser) -> set[str]:
    """Return every option there is: adding one twice is found late, or as another error, by release."""
    groups = [*parser._groups, parser._anonymous]  # noqa: SLF001 - no release has a public way
    return {name for group in groups for option in group.options for name in option.names()}


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin proper when the contract is to be judged."""
    config.addinivalue_line("markers", "claim(id): this test judges a claim of verify.yaml")
    worker = getattr(config, "workerinput", None)
    given = {name: value for name, *_ in OPTIONS if (value := _given(config, name))}
    if worker is not None:
        foreign, asked = [], HANDED_OVER in worker
    else:
        foreign = [] if "env" in given else _foreign_env(config)
        asked = any(name in given for name in ASKING) or _named(config)
        asked = asked or (bool(foreign) and _contract_near(config))
    if not asked:
        config.pluginmanager.register(Idle)
        return
    if len(foreign) > 1:
        raise pytest.UsageError(f"--env={' --env='.join(foreign)}: name the one to judge with --verify-env")
    _open_door()
    from verify.plugin.activate import activate

    their_env = next(iter(foreign), None)
    if not activate(config, given, _defaults(config), their_env, lambda: Door.clashes):
        _close_door()
        config.pluginmanager.register(Idle)


class Idle:
    """Takes part where no contract is judged."""

    @staticmethod
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        """Skip tests that judge a claim and ask for a fixture that there is only with a contract."""
        for item in items:
            if item.get_closest_marker("claim") is None:
                continue
            known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
            asked = [name for name in FIXTURES if name in getattr(item, "fixturenames", ())]
            if any(name not in known for name in asked):
                item.add_marker(pytest.mark.skip(reason="it judges a claim: give --env"))


def _given(config: pytest.Config, name: str) -> Any:
    """Return what the command line says, else the environment variable."""
    value = getattr(config.option, dest(name), None)
    if value == "" or (isinstance(value, list) and "" in value):
        # such as --env=$TARGET where TARGET is not set: without it the run would be green of nothing
        raise pytest.UsageError(f"--{name}=: expected a value, got nothing")
    if value or name in NO_TWIN:
        return value
    variable = os.environ.get(dest(name).upper(), "")
    if not variable:
        return None
    return variable.split(",") if _repeated(name) else variable


def _repeated(name: str) -> bool:
    return any(option[0] == name and option[1] == "append" for option in OPTIONS)


def _defaults(config: pytest.Config) -> dict[str, Any]:
    """Return the ini settings, which choose but do not ask by themselves."""
    names = [name for name, *_ in OPTIONS if name not in NO_TWIN]
    found = {name: config.getini(dest(name)) for name in names}
    return {name: value.split(",") if _repeated(name) else value for name, value in found.items() if value}


def _foreign_env(config: pytest.Config) -> list[str]:
    """Return the values of somebody else's --env, only where the command line gives them."""
    arguments = [str(argument) for argument in config.invocation_params.args]
    given = [after for before, after in itertools.pairwise(arguments) if before == "--env"]
    given += [argument.partition("=")[2] for argument in arguments if argument.startswith("--env=")]
    if isinstance(getattr(config.option, "env", None), bool):
        return []  # a flag, and what follows it is something else
    return list(dict.fromkeys(given))


def _contract_near(config: pytest.Config) -> bool:
    """Tell whether there is a contract to be found; without one, somebody's --env is not our business."""
    if config.getini(dest("contract")):
        return True
    base = config.invocation_params.dir
    if any((base / str(argument) / "verify.yaml").exists() for argument in config.args):
        return True
    folders = dict.fromkeys((base, config.rootpath))
    return any(next(folder.glob(f"{deeper}verify.yaml"), None) for folder in folders for deeper in DEPTHS)


def _named(config: pytest.Config) -> bool:
    """Tell whether a contract is named among the paths."""
    files = (str(argument).partition("::")[0] for argument in config.args)
    return any(os.path.basename(file) == "verify.yaml" for file in files)  # noqa: PTH119 - as above


def home() -> str:
    """Return the folder that the package lies in: beside this file, above it in a checkout, or elsewhere."""
    places = [HERE]
    if os.path.basename(HERE) == "entry":  # noqa: PTH119 - as above
        places.append(os.path.dirname(HERE))  # noqa: PTH120 - as above
    for place in places:
        if _lies_in(place):
            return place
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = os.path.abspath(str(distribution(CORE).locate_file("")))  # noqa: PTH100 - as above
    except PackageNotFoundError:
        found = HERE
    return found


def _lies_in(place: str) -> bool:
    return os.path.isfile(os.path.join(place, "verify", "__init__.py"))  # noqa: PTH113, PTH118 - as above


class Door:
    """Finds ``verify`` where its distribution has it and nowhere else, and leaves its modules unrewritten.

    ``clashes`` tells which modules were looked for in another package called ``verify``.
    """

    clashes: tuple[str, ...] = ()

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the package and its modules, by the ordinary machinery."""
        if name == "verify":
            return importlib.machinery.PathFinder.find_spec(name, [home()], target)
        if not name.startswith("verify."):
            return None
        found = importlib.machinery.PathFinder.find_spec(name, path, target)
        if found is None and name.count(".") == 1 and _other() is not None:
            clash = _clash(f"{name} is not in it, perhaps in {_other()}")
            cls.clashes = (*cls.clashes, clash)
            raise ImportError(clash)
        return found


def _other() -> str | None:
    """Return where another ``verify`` would be imported from, if there is one."""
    ours = home()
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != ours]  # noqa: PTH100 - as above
    spec = importlib.machinery.PathFinder.find_spec("verify", elsewhere)
    return next(iter(spec.submodule_search_locations or ()), None) if spec is not None else None


def _clash(what: str) -> str:
    return (
        f"while the contract is judged, `verify` is the package of pytest-deploy-verify: {what}: "
        "rename your own, or do not import it in conftest.py and in the tests of this run"
    )


class Fallback:
    """Finds ``verify.x`` of a user's folder without ``__init__.py``, which ours would hide when it is idle.

    It comes last: only what would not be found is looked for.
    """

    @classmethod
    def find_spec(
        cls,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG003 - the protocol of finders
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the module in the other folder, if there is one."""
        other = _other() if name.startswith("verify.") and name.count(".") == 1 else None
        return importlib.machinery.PathFinder.find_spec(name, [other], target) if other else None


sys.meta_path.append(Fallback)
# what the list still holds when the interpreter ends is taken apart last: a hundredth of an idle run
atexit.register(sys.meta_path.remove, Fallback)


def _open_door() -> None:
    if sys.flags.optimize > 1:
        raise pytest.UsageError("python -OO removes docstrings, which rules are explained by: leave it out")
    place = home()
    if not _lies_in(place):
        raise pytest.UsageError(f"{CORE} is not installed: pip install {CORE}=={__version__}")
    ours = os.path.join(place, "verify")  # noqa: PTH118 - as above
    for name in _imported():
        module = sys.modules[name]
        where = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), ours)
        if not where.startswith(ours):
            raise pytest.UsageError(_clash(f"another is imported already ({where})"))
    if Door not in sys.meta_path:
        sys.meta_path.insert(0, Door)


def _close_door() -> None:
    """Leave no trace: another ``verify`` may be imported after all."""
    sys.meta_path.remove(Door)
    for name in _imported():
        del sys.modules[name]


def _imported() -> list[str]:
    """Return the names of a package ``verify`` that are imported, whoever's it is."""
    return [name for name in sys.modules if name == "verify" or name.startswith("verify.")]


def main() -> int:
    """Run the command ``deploy-verify``."""
    try:
        _open_door()
    except pytest.UsageError as error:
        print(f"deploy-verify: {error}", file=sys.stderr)
        return int(pytest.ExitCode.USAGE_ERROR)
    from verify.cli import main as run

    return run()
