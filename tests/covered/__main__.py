"""Run the tests of what is to be covered, and judge each module by its own. Exit status: 1 when a branch is not run."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
from fnmatch import translate
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError

from tests.covered import OWN_TESTS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "phonewire"


def files_of(module: str) -> list[Path]:
    """Return the source files of a module or package."""
    if module.endswith("*"):
        return sorted((SOURCE / module).parent.glob("*.py"))
    path = SOURCE / f"{module}.py"
    return [path] if path.exists() else sorted((SOURCE / module).rglob("*.py"))


def test_files(modules: list[str]) -> list[str]:
    """Return the test files that are there for some modules, each once."""
    found = (path for module in modules for pattern in OWN_TESTS[module] for path in sorted(ROOT.glob(pattern)))
    return list(dict.fromkeys(path.relative_to(ROOT).as_posix() for path in found))


def run(modules: list[str]) -> int:
    """Run them, measured: those of the plain twins on these, the others on what runs by default."""
    (ROOT / ".coverage").unlink(missing_ok=True)
    for added in ({}, {"PHONEWIRE_BACKEND": "pure"}):
        if tests := test_files([each for each in modules if each.startswith("_pure") == bool(added)]):
            pytest = ["pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.covered.contexts", *tests]
            command = [sys.executable, "-m", "coverage", "run", "--append", "-m", *pytest]
            if status := subprocess.run(command, cwd=ROOT, env=os.environ | added, check=False).returncode:
                return status
    return 0


def judge(modules: list[str]) -> list[str]:
    """Return what is not covered: a line of the report for each file."""
    measured = Coverage(data_file=str(ROOT / ".coverage"), config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    missing = []
    for module in modules:
        # What runs when a module is imported belongs to no test.
        contexts = ["^$", *(f"^{translate(pattern)}" for pattern in OWN_TESTS[module])]
        for path in files_of(module):
            # As the data has it: a whole path fits none of its names, and then there is nothing that could be missing.
            name, text = path.relative_to(ROOT).as_posix(), io.StringIO()
            try:
                share = measured.report(
                    include=[name], contexts=contexts, show_missing=True, file=text, ignore_errors=False
                )
            except NoDataError:
                missing.append(f"{name}  was never imported")
                continue
            if share < 100:
                lines = [line for line in text.getvalue().splitlines() if line.startswith("src")]
                missing.append(f"{lines[0]}  by {module}'s own tests")
    return missing


def main() -> None:
    """Run, judge, and print what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.covered", description=__doc__)
    parser.add_argument("module", nargs="*", help=f"of {', '.join(OWN_TESTS)}; by default all of them")
    modules = parser.parse_args().module or list(OWN_TESTS)
    if unknown := set(modules) - set(OWN_TESTS):
        sys.exit(f"there is no {', '.join(sorted(unknown))}")
    if status := run(modules):
        sys.exit(status)
    missing = judge(modules)
    print("\n".join(missing))
    count = sum(len(files_of(module)) for module in modules)
    print(f"{count - len(missing)} of {count} files: every line and branch is run by their own tests")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
