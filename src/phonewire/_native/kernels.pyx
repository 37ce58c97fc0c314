# cython: language_level=3
"""The table of kernels, filled at import from what the machine has and ``PHONEWIRE_ISA`` allows."""

import os

from phonewire.errors import BackendError

__all__ = ["available_isas", "compiled_isas", "isa"]

# Ascending: a level allows everything before it.
_BITS = {
    "scalar": 0,
    "avx2": PW_ISA_AVX2,
    "avx512": PW_ISA_AVX512,
    "avx512vbmi": PW_ISA_AVX512VBMI,
    "neon": PW_ISA_NEON,
}


def _names(unsigned isas):
    return tuple([name for name, bit in _BITS.items() if bit & isas == bit])


compiled_isas = _names(pw_kernels_compiled())
available_isas = _names(pw_kernels_compiled() & pw_cpu_isas())
isa = os.environ.get("PHONEWIRE_ISA") or available_isas[-1]
if isa not in available_isas:
    raise BackendError(
        f"PHONEWIRE_ISA={isa}: this machine has {', '.join(available_isas)};"
        f" this build has {', '.join(compiled_isas)}"
    )

cdef unsigned level = _BITS[isa]
pw_kernels_init(&K, level | (level - 1 if level else 0))
