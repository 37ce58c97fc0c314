"""docs/reference.md has every public module and name; that autodoc lists them all is for `make docs` (docs/conf.py)."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import phonewire
from phonewire import errors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference.md").read_text()
STABILITY = (ROOT / "docs" / "stability.md").read_text()
LISTED = dict(re.findall(r"automodule:: (\S+)\n((?: +:.*\n)*)", PAGE))

# What can be imported and is not public, and why.
NOT_LISTED = {
    "phonewire.aio": "its public names are those of `phonewire`",
    "phonewire.cli": "the command, which has a page of its own",
    "phonewire.load": "`phonewire load` runs it, and its JSON stays as it is",
    "phonewire.url": "for other modules to read URLs with",
    "phonewire.pytest_plugin": "its fixtures are in docs/testing.md, all of them",
    "phonewire.protocols": "has no names; its engines are listed",
    "phonewire.protocols.ending": "engines are made of it",
    "phonewire.protocols.payload": "engines are made of it",
    "phonewire.protocols.validation": "engines are made of it",
    "phonewire.emulators": "has no names; the far sides are listed",
}
PARTS = "asterisk_frames das_peak_consumer das_peak_sessions dial genesys_speaker memory_network memory_tls microphone"
PARTS += " party phone playout speech twilio_errors voipbin_gateway"
NOT_LISTED |= {f"phonewire.emulators.{part}": "emulators are made of it" for part in PARTS.split()}


def importable():
    """Yield the modules without an underscore, and of the packages that are not public only the topmost."""
    pending = [(phonewire.__path__, "phonewire.")]
    while pending:
        path, before = pending.pop()
        for found in pkgutil.iter_modules(path, before):
            if not found.name.removeprefix(before).startswith("_"):
                yield found.name
                if found.ispkg and found.name.removeprefix("phonewire.") not in ("aio", "cli", "load"):
                    pending.append((importlib.import_module(found.name).__path__, f"{found.name}."))


def is_a_part(name):
    """Say whether a listed package has all that is public of a module."""
    package = importlib.import_module(name.rpartition(".")[0])
    its_own = set(getattr(importlib.import_module(name), "__all__", ())) - set(getattr(package, "__all__", ()))
    formats = package.__name__ == "phonewire.rtp"  # each has names of its own, such as `parse`
    return package.__name__ in LISTED.keys() - {"phonewire"} and not (formats and its_own)


def test_every_module_is_listed_or_not_public():
    found = set(importable())
    assert found >= set(LISTED) - {"phonewire"}
    assert not set(LISTED) & set(NOT_LISTED)
    assert {name for name in found - set(LISTED) if not is_a_part(name) or name in NOT_LISTED} == set(NOT_LISTED)


def test_the_page_on_stability_names_what_is_not_public():
    packages = [name for name in NOT_LISTED if name.count(".") == 1 and name not in ("phonewire.pytest_plugin",)]
    without = {"phonewire.protocols", "phonewire.emulators"}  # packages whose modules are listed
    assert [name for name in packages if f"`{name}`" not in STABILITY and name not in without] == []


def left_out(module):
    return set(re.findall(r"\w+", (re.search(r":exclude-members:(.*)", LISTED[module]) or ["", ""])[1]))


def is_told(module, name):
    """Say whether autodoc has something to list: a docstring, or a comment where a constant is made."""
    value = getattr(module, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        return bool(inspect.getdoc(value))
    folder = Path(module.__file__)
    files = folder.parent.glob("*.py") if folder.stem == "__init__" else [folder]
    return any(re.search(rf"^#: .*\n{name}\b", file.read_text(), re.MULTILINE) for file in files)


@pytest.mark.parametrize("name", LISTED)
def test_every_name_of_a_listed_module_is_in_the_reference(name):
    module = importlib.import_module(name)
    if ":no-members:" in LISTED[name]:
        assert set(module.__all__) <= set(phonewire.__all__)
        return
    silent = [each for each in module.__all__ if each not in left_out(name) and not is_told(module, each)]
    assert silent == []
    if "._" in name or ":imported-members:" not in LISTED[name]:
        assert all(getattr(value, "__module__", name) == name for value in map(vars(module).get, module.__all__))


@pytest.mark.parametrize("name", [name for name in LISTED if left_out(name)])
def test_what_is_left_out_of_a_module_is_listed_of_another(name):
    module = importlib.import_module(name)
    for each in left_out(name):
        others = [other for other in ("phonewire", "phonewire.protocols.connection") if each not in left_out(other)]
        found = [getattr(importlib.import_module(other), each, None) for other in others]
        assert any(value is getattr(module, each) for value in found), each


@pytest.mark.parametrize("name", LISTED)
def test_what_is_loaded_late_is_there_to_be_seen(name):
    """As `dir` has it, autodoc lists it."""
    module = importlib.import_module(name)
    assert set(module.__all__) <= set(dir(module))


def test_the_tree_has_every_error_below_its_base():
    made = {each for each in vars(errors).values() if inspect.isclass(each) and each.__module__ == errors.__name__}
    assert {each.__name__ for each in made} == set(errors.__all__)
    above, told = [], {}
    for branch, name in re.findall(r"^    ([ │├└─]*)(\w+Error)\b", errors.__doc__, re.MULTILINE):
        above = [*above[: len(branch) // 4], name]
        told[name] = above[-2] if len(above) > 1 else None
    assert told == {
        each.__name__: None if each is errors.PhonewireError else each.__bases__[0].__name__ for each in made
    }
