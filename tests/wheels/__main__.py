"""Build a wheel for each CPython of this machine, twice, and prove it. Exit status: 1 when something is wrong."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.wheels import ROOT, FailedError
from tests.wheels.building import Builder
from tests.wheels.contents import check
from tests.wheels.interpreters import Interpreter, installed
from tests.wheels.trial import try_out


def prove(builder: Builder, interpreter: Interpreter, source: Path, folder: Path, *, pure: bool = False) -> Path:
    """Build, compare, look into, install and test one wheel; return it."""
    kind = "pure" if pure else interpreter.tag
    built = []
    for time in ("first", "second"):
        wheel = builder.wheel(interpreter, source, f"{kind}-{time}", pure=pure)
        built.append(wheel if pure else builder.repaired(wheel))
    first, second = built
    if first.read_bytes() != second.read_bytes():
        raise FailedError(f"{first} and {second} differ")
    size, files = check(first, builder.tree)
    told = try_out(first, interpreter, folder / f"{kind}-trial", backend="pure" if pure else "native")
    print(f"{first.name}: twice the same, {size:,} bytes, {files:,} installed; {told}", flush=True)
    return first


def main() -> None:
    """Build all, and leave them in ``dist``."""
    parser = argparse.ArgumentParser(prog="python -m tests.wheels", description=__doc__)
    parser.add_argument("tag", nargs="*", help="such as cp313 or pure; by default all that this machine can build")
    wanted = parser.parse_args().tag
    found = installed()
    print("CPython here:", ", ".join(f"{each.tag} ({'.'.join(map(str, each.version))})" for each in found), flush=True)
    if not any(each.free_threaded for each in found):
        print("no free-threaded CPython here: nothing is said about one", flush=True)
    jobs = [(each, each.tag) for each in found] + [(found[0], "pure")]
    if unknown := set(wanted) - {tag for _, tag in jobs}:
        sys.exit(f"there is no {', '.join(sorted(unknown))} here")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="phonewire-wheels-") as name:
        try:
            _build([job for job in jobs if not wanted or job[1] in wanted], Path(name))
        except FailedError as error:
            sys.exit(f"FAILED: {error}")


def _build(jobs: list[tuple[Interpreter, str]], folder: Path) -> None:
    builder = Builder(folder)
    builder.fetch()
    source = builder.sdist()
    print(
        f"{source.name}: built {'without a network' if builder.offline else 'with pip told to use no network'}",
        flush=True,
    )
    wheels = [prove(builder, interpreter, source, folder, pure=tag == "pure") for interpreter, tag in jobs]
    (ROOT / "dist").mkdir()
    for made in (source, *wheels):
        shutil.copy2(made, ROOT / "dist")
    print(f"{len(wheels)} wheels and the source archive are in dist/")


if __name__ == "__main__":
    main()
