"""Build the extension modules; everything else is in pyproject.toml.

PHONEWIRE_REQUIRE_NATIVE=1 turns "no compiler: install pure Python" into an error; PHONEWIRE_PURE=1 builds none, for
every platform.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

DOMAINS = ["kernels", "g711", "b64", "payload", "scanner"]
DOMAINS += ["rtp_parse", "rtp_pack", "rtp_packetizer", "rtp_tracker"]
DOMAINS += ["pcm", "mixing", "interleaving", "resample", "dtmf"]
DOMAINS += ["timerfd"] if sys.platform == "linux" else []


def files(folder: str, pattern: str) -> list[str]:
    return sorted(path.as_posix() for path in Path(folder).glob(pattern))


def extension(domain: str) -> Extension:
    speed = "-O3" if domain == "kernels" else "-O2"  # bindings only check and call
    return Extension(
        f"phonewire._native.{domain}",
        # Only `kernels` links the C library; the other domains reach it through the table that `kernels` exports.
        [f"src/phonewire/_native/{domain}.pyx", *(files("native", "**/*.c") if domain == "kernels" else [])],
        include_dirs=["native", "src"],
        depends=[*files("native", "**/*.h"), *files("src/phonewire/_native", "*.pxd")],
        # -g0: debug information names folders, and is not the same twice.
        extra_compile_args=[] if sys.platform == "win32" else [speed, "-std=c11", "-g0"],
        # An extension that cannot be built is skipped with a warning, and the import says so once.
        optional=os.environ.get("PHONEWIRE_REQUIRE_NATIVE") != "1",
    )


setup(ext_modules=[extension(domain) for domain in DOMAINS if os.environ.get("PHONEWIRE_PURE") != "1"])
