"""docs/stability.md: the versions of Python that it names are those that are built for and asked for."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "stability.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_versions_of_python():
    first, last = re.search(r"now (3\.\d+) to (3\.\d+)", PAGE).groups()
    assert PROJECT["project"]["requires-python"] == f">={first}"
    built = re.findall(r"cp3(\d+)-", PROJECT["tool"]["cibuildwheel"]["build"])
    assert (f"3.{built[0]}", f"3.{built[-1]}") == (first, last)
    assert built == [str(minor) for minor in range(int(built[0]), int(built[-1]) + 1)]
    tested = {name.rpartition(" ")[2] for name in PROJECT["project"]["classifiers"] if ":: 3." in name}
    later = re.search(r"((?:3\.\d+(?: and )?)+) are tested\s+where", PAGE)[1].split(" and ")
    assert tested | set(later) == {f"3.{minor}" for minor in built}


def test_no_private_module_is_in_the_reference():
    listed = re.findall(r"automodule:: (\S+)", (ROOT / "docs" / "reference.md").read_text())
    assert listed
    assert [name for name in listed if "._" in name or ".aio" in name] == []
