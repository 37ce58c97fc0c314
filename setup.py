"""Build the extension modules; everything else is in pyproject.toml.

PHONEWIRE_REQUIRE_NATIVE=1 turns "no compiler: install pure Python" into an error; PHONEWIRE_PURE=1 builds none.
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

A_FRAME = ["g711", "b64", "payload", "scanner", "hearing", "sending", "rtp_parse", "rtp_pack", "rtp_packetizer"]
OTHERS = ["rtp_tracker", "pcm", "mixing", "interleaving", "resample", "dtmf"]  # small, as they are called less often
OTHERS += ["timerfd"] if sys.platform == "linux" else []
# What Cython's functions need at run time, once for all bindings: with one in each, wheels are 90 kB larger.
SHARED = "phonewire._native._cython"
SHARED_CODE = {"shared_utility_qualified_name": SHARED, "shared_utility_features_disabled": ["MemoryView"]}


def files(folder: str, pattern: str) -> list[str]:
    return sorted(path.as_posix() for path in Path(folder).glob(pattern))


def extension(domain: str, optimize: str, suffix: str = "pyx") -> Extension:
    return Extension(
        f"phonewire._native.{domain}",
        # Only `kernels` links the C library; the other domains reach it through the table that `kernels` exports.
        [f"src/phonewire/_native/{domain}.{suffix}", *(files("native", "**/*.c") if domain == "kernels" else [])],
        include_dirs=["native", "src"],
        depends=["setup.py", *files("native", "**/*.h"), *files("src/phonewire/_native", "*.pxd")],
        # -g0: debug information names folders, and is not the same twice. -fno-plt: smaller, calls are as fast.
        extra_compile_args=[] if sys.platform == "win32" else [optimize, "-std=c11", "-g0", "-fno-plt"],
        # An extension that cannot be built is skipped with a warning, and the import says so once.
        optional=os.environ.get("PHONEWIRE_REQUIRE_NATIVE") != "1",
    )


class BuildCore(build_ext):
    """Translate in as many processes, and compile in as many threads, as there are processors.

    Here and not where the extensions are listed, as a source distribution has what they are made of.
    """

    def build_extensions(self) -> None:
        processes = 0 if sys.platform == "win32" else os.cpu_count()  # 0: here, as Windows has no fork
        translated = cythonize(self.extensions, nthreads=processes, force=self.force, **SHARED_CODE)
        for each, in_c in zip(self.extensions, translated, strict=True):
            each.sources = in_c.sources
        self.parallel = self.parallel or os.cpu_count()
        super().build_extensions()


core = [extension("_cython", "-O2", "c"), extension("kernels", "-O3"), *(extension(each, "-O2") for each in A_FRAME)]
core += [extension(each, "-Os") for each in OTHERS]
setup(
    ext_modules=core if os.environ.get("PHONEWIRE_PURE") != "1" else [],
    cmdclass={"build_ext": BuildCore},
)
