"""The plan library has the names and the arguments that Bluesky's has, or says in docs/plans.md why not."""

import ast
import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from beamtwin.orchestration import magics, patterns, plans, preprocessors, simulators, stubs

OURS = {
    "plans": plans,
    "plan_stubs": stubs,
    "preprocessors": preprocessors,
    "plan_patterns": patterns,
    "simulators": simulators,
    "magics": magics,
}

#: Not here, for reasons given in the documentation.
ABSENT = {
    "magics": {
        "BlueskyMagics",
        "MetaclassForClassProperties",
        "get_labeled_devices",
        "is_parent",
        "is_positioner",
    },
}

#: What is ours alone.
ADDED = {
    "preprocessors": {"rewindable_decorator"},
    "simulators": {"Imagination", "find_violations", "plan_lines", "raster_path", "walk"},
    "magics": {"Magics", "load_ipython_extension"},
}

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "plans.md"


def theirs(name: str) -> ModuleType:
    if name == "magics":
        pytest.importorskip("IPython", reason="ipython is an extra: beamtwin[ipython]")
    return import_module(f"bluesky.{name}")


def defined(module: ModuleType) -> set[str]:
    """The public names that a module gives to something, rather than import them."""
    names: list[Any] = []
    for node in ast.parse(inspect.getsource(module)).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.append(node.name)
            case ast.Assign():
                names += [target.id for target in node.targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name()):
                names.append(node.target.id)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("name", OURS)
def test_every_name_is_there(name: str) -> None:
    expected = defined(theirs(name)) - ABSENT.get(name, set())
    assert set(OURS[name].__all__) == expected | ADDED.get(name, set())
    assert [each for each in OURS[name].__all__ if not hasattr(OURS[name], each)] == []


def test_what_is_absent_is_explained() -> None:
    text = DOCUMENTATION.read_text()
    assert [name for names in ABSENT.values() for name in sorted(names) if name not in text] == []


@pytest.mark.parametrize("name", [name for name in OURS if name != "magics"])
def test_arguments_have_the_same_names_and_kinds(name: str) -> None:
    """Ours may have more, and may do without one that must be given there."""
    for each in defined(theirs(name)):
        function = getattr(theirs(name), each)
        if not inspect.isfunction(function) or each.endswith("_decorator"):
            continue  # decorators take anything, and hand it to a wrapper
        mine = inspect.signature(getattr(OURS[name], each)).parameters
        for parameter in inspect.signature(function).parameters.values():
            assert parameter.name in mine, f"{each}({parameter.name})"
            assert mine[parameter.name].kind == parameter.kind
            if parameter.default is not parameter.empty:
                assert mine[parameter.name].default is not parameter.empty


@pytest.mark.parametrize(
    "name", [name for name in preprocessors.__all__ if name.endswith("_decorator")]
)
def test_every_decorator_says_what_it_does(name: str) -> None:
    assert f"see `{name.replace('_decorator', '_wrapper')}`" in getattr(preprocessors, name).__doc__


@pytest.mark.parametrize("module", [plans, stubs, preprocessors, patterns, simulators])
def test_everything_has_help(module: ModuleType) -> None:
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert (inspect.getdoc(thing) or "").strip(), name
