"""What a wheel may have in it: each file by name, and not too much of it: ``python -m tests.wheels.contents WHEEL...``.

Exit status: 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path, PurePosixPath

from tests.wheels import ROOT, FailedError

__all__ = ["MOST_BYTES", "MOST_INSTALLED_BYTES", "check"]

MOST_BYTES = 1_000_000
MOST_INSTALLED_BYTES = 4_000_000

_SOURCES = {".py", ".pyi", ".pxd", ".typed", ".html"}
_METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}


def check(wheel: Path, tree: Path) -> tuple[int, int]:
    """Return the bytes of a wheel, and of its files when it is installed.

    Args:
        wheel: to look into.
        tree: that it was built from.

    Raises:
        FailedError: a file is missing, or there is one too many, or there is too much.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        installed = sum(info.file_size for info in archive.infolist())
    found, expected = set(map(_plain, names)), _expected(tree / "src", _suffix(wheel.stem.rpartition("-")[2]))
    if found != expected or len(names) != len(expected):
        raise FailedError(f"missing: {sorted(expected - found)}; not expected: {sorted(found - expected)}")
    size = wheel.stat().st_size
    if size > MOST_BYTES or installed > MOST_INSTALLED_BYTES:
        raise FailedError(
            f"{size:,} bytes, {installed:,} installed; at most {MOST_BYTES:,} and {MOST_INSTALLED_BYTES:,}"
        )
    return size, installed


def _suffix(platform: str) -> str | None:
    """Return what extensions end with on a platform, as a wheel's name has it; None where it has none."""
    if platform == "any":
        return None
    return ".pyd" if platform.startswith("win") else ".so"


def _expected(source: Path, suffix: str | None) -> set[str]:
    """Return the files by what the source tree has: an extension for each .pyx, what they share, and none of C."""
    files = {path.relative_to(source) for path in source.rglob("*") if path.suffix in _SOURCES}
    names = {path.as_posix() for path in files if "egg-info" not in path.parts[0]}
    if suffix is not None:
        names |= {path.relative_to(source).with_suffix(suffix).as_posix() for path in source.rglob("*.pyx")}
        names.add(f"phonewire/_native/_cython{suffix}")
    return names | {f"dist-info/{name}" for name in _METADATA}


def _plain(name: str) -> str:
    """Return the name without what differs from one version or platform to the next."""
    path = PurePosixPath(name)
    if path.parts[0].endswith(".dist-info"):
        return PurePosixPath("dist-info", *path.parts[1:]).as_posix()
    return path.with_name(path.name.partition(".")[0] + path.suffix).as_posix()


def main() -> None:
    """Look into wheels that were built from this tree."""
    parser = argparse.ArgumentParser(prog="python -m tests.wheels.contents", description=__doc__)
    parser.add_argument("wheel", nargs="+", type=Path)
    for wheel in parser.parse_args().wheel:
        try:
            size, installed = check(wheel, ROOT)
        except FailedError as error:
            sys.exit(f"FAILED: {wheel.name}: {error}")
        print(f"{wheel.name}: {size:,} bytes, {installed:,} installed")


if __name__ == "__main__":
    main()
