"""Every module can be imported first: none needs, to be loaded, what needs it. Read, for to try each takes a minute."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (SOURCE / "phonewire").rglob("*.py")
}


def loading(body):
    """Yield the names that are imported while a module is loaded: not those in functions, nor for type checkers."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_for_type_checkers(node):
            yield from loading(ast.iter_child_nodes(node))


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def packages(name):
    """Return the modules that are loaded with a name: its packages, and itself where it is one."""
    parts = name.split(".")
    return {".".join(parts[:size]) for size in range(1, len(parts) + 1)} & MODULES.keys()


def needs(name, source):
    """Return the modules that must be loaded before one; its own packages have begun to be."""
    return set().union(*map(packages, loading(ast.parse(source).body))) - packages(name)


def test_nothing_needs_what_needs_it():
    TopologicalSorter({name: needs(name, path.read_text()) for name, path in MODULES.items()}).prepare()


def test_a_cycle_is_found():
    sources = {"phonewire.g711": "from phonewire import b64", "phonewire.b64": "import phonewire.g711"}
    with pytest.raises(CycleError):
        TopologicalSorter({name: needs(name, source) for name, source in sources.items()}).prepare()


def test_all_can_be_imported():
    names = sorted(name for name in MODULES if not name.endswith("__main__"))
    subprocess.run([sys.executable, "-c", f"import {', '.join(names)}"], check=True)
