"""Which CPythons there are: on the PATH, of pyenv and of uv, and in /opt."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Interpreter", "installed"]

_OLDEST = (3, 11)
_NAME = re.compile(r"python3\.\d+t?")
_QUESTION = """
import ensurepip, json, sys, sysconfig, venv
from pathlib import Path
headers = Path(sysconfig.get_path("include"), "Python.h").is_file()
free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([sys.implementation.name, sys.version_info[:3], free, headers]))
"""


@dataclass(frozen=True)
class Interpreter:
    """One of them.

    Attributes:
        path: of its program.
        version: such as (3, 13, 5).
        free_threaded: built without the GIL.
    """

    path: Path
    version: tuple[int, int, int]
    free_threaded: bool

    @property
    def tag(self) -> str:
        """What wheels call it: ``cp313``, ``cp313t``."""
        return f"cp{self.version[0]}{self.version[1]}{'t' * self.free_threaded}"


def installed() -> list[Interpreter]:
    """Return the newest of each minor version that can build an extension, oldest first."""
    found = [each for each in map(_asked, _programs()) if each is not None and each.version >= _OLDEST]
    newest = {each.tag: each for each in sorted(found, key=lambda each: each.version)}
    return list(newest.values())


def _programs() -> list[Path]:
    """Return whatever is called like one, each once."""
    homes = [
        *Path.home().glob(".pyenv/versions/*"),
        *Path.home().glob(".local/share/uv/python/*"),
        *Path("/opt").glob("*"),
    ]
    folders = [*(home / "bin" for home in homes), *map(Path, os.get_exec_path())]
    programs = (path for folder in folders if folder.is_dir() for path in folder.glob("python3.*"))
    return list({path.resolve(): path for path in programs if _NAME.fullmatch(path.name)}.values())


def _asked(program: Path) -> Interpreter | None:
    """Ask a program what it is; None when it is no CPython that has headers and can make environments."""
    try:
        done = subprocess.run([program, "-Ic", _QUESTION], capture_output=True, text=True, check=True, timeout=30)
        name, version, free_threaded, headers = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(program, tuple(version), free_threaded) if name == "cpython" and headers else None
