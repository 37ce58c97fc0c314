"""Build the extension modules; everything else is in pyproject.toml.

PHONEWIRE_REQUIRE_NATIVE=1 turns "no compiler: install pure Python" into an error.
"""

import os
import sys
from glob import glob

from setuptools import Extension, setup

DOMAINS = ["kernels", "g711", "b64"]


def extension(domain: str) -> Extension:
    # Only `kernels` links the C library; the other domains reach it through the table that `kernels` exports.
    sources = sorted(glob("native/**/*.c", recursive=True)) if domain == "kernels" else []
    return Extension(
        f"phonewire._native.{domain}",
        [f"src/phonewire/_native/{domain}.pyx", *sources],
        include_dirs=["native"],
        depends=[*glob("native/**/*.h", recursive=True), *glob("src/phonewire/_native/*.pxd")],
        extra_compile_args=[] if sys.platform == "win32" else ["-O3", "-std=c11"],
        # An extension that cannot be built is skipped with a warning, and the import says so once.
        optional=os.environ.get("PHONEWIRE_REQUIRE_NATIVE") != "1",
    )


setup(ext_modules=[extension(domain) for domain in DOMAINS])
