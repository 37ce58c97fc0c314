"""Sizes that keep files readable in one sitting; the exceptions are listed by name, with their reason."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()
    if (ROOT / name).is_file()
]  # fmt: skip

LINES = {".py": 450, ".pyx": 150, ".c": 150, ".h": 100}
FUNCTION_LINES = {".py": 50, ".c": 60}
NO_NAMES = {"utils", "helpers", "common", "misc"}


def sources(suffix, *folders):
    return [path for path in FILES if path.suffix == suffix and path.relative_to(ROOT).parts[0] in folders]


@pytest.mark.parametrize("suffix", LINES)
def test_files_are_short(suffix):
    for path in sources(suffix, "src", "native"):
        lines = len(path.read_text().splitlines())
        assert lines <= LINES[suffix], f"{path.relative_to(ROOT)} has {lines} lines, at most {LINES[suffix]}"


def test_functions_are_short():
    for path in sources(".py", "src"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = ast.get_docstring(node, clean=False) or ""
                lines = node.end_lineno - node.lineno + 1 - len(docstring.splitlines())
                assert lines <= FUNCTION_LINES[".py"], f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"


def test_kernels_are_short():
    for path in sources(".c", "native"):
        for body in re.findall(r"^\{\n(.*?)^\}", path.read_text(), re.DOTALL | re.MULTILINE):
            assert body.count("\n") <= FUNCTION_LINES[".c"], f"{path.relative_to(ROOT)}: {body[:60]!r}"


def test_test_files_are_short():
    for path in sources(".py", "tests"):
        assert len(path.read_text().splitlines()) <= 600, path.relative_to(ROOT)


def test_names_say_something():
    assert not [path for path in FILES if path.stem in NO_NAMES]


def test_setup_py_stays_a_list_of_extensions_and_how_they_are_built():
    """40 lines, and 20 for a command of its own: bindings share what Cython needs at run time, and use all processors.

    Without it, wheels are 90 kB larger, and a build takes as long as its files one after the other.
    """
    assert len((ROOT / "setup.py").read_text().splitlines()) <= 40 + 20
