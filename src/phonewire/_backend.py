"""Which core runs: the compiled one or its twin in plain Python, and with which instructions.

``PHONEWIRE_BACKEND=native|pure`` and ``PHONEWIRE_ISA=scalar|avx2|avx512|avx512vbmi|neon`` in the environment demand
one; what is demanded and not there raises `BackendError` at import. Without a demand the compiled core is taken if it
is there, else the plain one with a warning.
"""

from __future__ import annotations

import os
import warnings
from typing import Final, Literal, NamedTuple

from phonewire.errors import BackendError

__all__ = ["NATIVE", "BackendInfo", "backend_info"]


class BackendInfo(NamedTuple):
    """What runs, and what could.

    Attributes:
        backend: "native" is the compiled core, "pure" plain Python.
        isa: the instruction set in use; pure Python counts as "scalar".
        available_isas: what ``PHONEWIRE_ISA`` may demand on this machine, weakest first.
        compiled_isas: what the compiled core was built with, whatever the machine; empty where it is not loaded.
        native_error: why the compiled core cannot be loaded; None where it was not tried or is loaded.
    """

    backend: Literal["native", "pure"]
    isa: str
    available_isas: tuple[str, ...]
    compiled_isas: tuple[str, ...] = ()
    native_error: str | None = None


def _pure(native_error: str | None = None) -> BackendInfo:
    isa = os.environ.get("PHONEWIRE_ISA") or "scalar"
    if isa != "scalar":
        raise BackendError(f"PHONEWIRE_ISA={isa}: the pure backend has only scalar")
    return BackendInfo("pure", isa, (isa,), native_error=native_error)


def _choose() -> BackendInfo:
    demand = os.environ.get("PHONEWIRE_BACKEND") or None
    if demand not in ("native", "pure", None):
        raise BackendError(f"PHONEWIRE_BACKEND={demand}: there are native and pure")
    if demand == "pure":
        return _pure()
    try:
        from phonewire._native import kernels
    except BackendError:
        raise
    except ImportError as error:
        if demand == "native":
            raise BackendError(f"PHONEWIRE_BACKEND=native: only pure is there ({error})") from error
        info = _pure(str(error))
        warnings.warn(
            "phonewire runs in plain Python, many times slower: its compiled core is not installed. Install a wheel, or"
            " a C compiler and then phonewire again; PHONEWIRE_BACKEND=pure accepts it as it is",
            RuntimeWarning,
            stacklevel=2,
        )
        return info
    return BackendInfo("native", kernels.isa, kernels.available_isas, kernels.compiled_isas)


_INFO: Final = _choose()

#: True where the public modules take their functions from the compiled core.
NATIVE: Final = _INFO.backend == "native"


def backend_info() -> BackendInfo:
    """Return what was chosen at import and what there is to choose from."""
    return _INFO
