"""Which backend and instruction set run, and what happens when the environment demands one."""

import json
import os
import subprocess
import sys

import pytest

from phonewire import _backend

REPORT = """
import json, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from phonewire._backend import backend_info
    from phonewire import b64, g711
warned = [(warning.category.__name__, str(warning.message)) for warning in caught]
print(json.dumps([backend_info()._asdict(), g711.ulaw_encode.__module__, warned]))
"""

# The compiled core as it is where no compiler was found: not importable.
WITHOUT_NATIVE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "phonewire._native.kernels":
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Absent())
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PHONEWIRE_")}
    return subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, timeout=60, check=False
    )


def report(code: str = REPORT, **environment: str) -> tuple[dict, str, list]:
    done = run(code, **environment)
    assert done.returncode == 0, done.stderr
    info, module, warnings = json.loads(done.stdout)
    return info, module, warnings


def refusal(code: str = REPORT, **environment: str) -> str:
    done = run(code, **environment)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("phonewire.errors.BackendError: ")
    return last


@pytest.fixture
def isas() -> tuple[str, ...]:
    """What this machine can be asked for; skips where the compiled core is not built."""
    kernels = pytest.importorskip("phonewire._native.kernels", reason="the compiled core is not built")
    return kernels.available_isas


def test_the_best_there_is_without_a_demand(isas) -> None:
    info, module, warnings = report()
    assert (info["backend"], info["isa"]) == ("native", isas[-1])
    assert info["available_isas"] == list(isas)
    assert set(isas) <= set(info["compiled_isas"])
    assert module == "phonewire._native.g711"
    assert warnings == []


def test_native_can_be_demanded(isas) -> None:
    info, _, warnings = report(PHONEWIRE_BACKEND="native")
    assert info["backend"] == "native"
    assert warnings == []


def test_every_instruction_set_can_be_demanded(isas) -> None:
    for isa in isas:
        assert report(PHONEWIRE_ISA=isa)[0]["isa"] == isa


def test_pure_can_be_demanded() -> None:
    info, module, warnings = report(PHONEWIRE_BACKEND="pure")
    assert (info["backend"], info["isa"], info["available_isas"]) == ("pure", "scalar", ["scalar"])
    assert module == "phonewire._pure.g711"
    assert warnings == []
    assert report(PHONEWIRE_BACKEND="pure", PHONEWIRE_ISA="scalar")[0]["isa"] == "scalar"


def test_empty_values_demand_nothing(isas) -> None:
    assert report(PHONEWIRE_BACKEND="", PHONEWIRE_ISA="")[0]["isa"] == isas[-1]


def test_an_unknown_backend_is_refused() -> None:
    assert "PHONEWIRE_BACKEND=fast: there are native and pure" in refusal(PHONEWIRE_BACKEND="fast")


def test_an_instruction_set_that_is_not_there_is_refused_by_name(isas) -> None:
    foreign = next(isa for isa in ("neon", "avx2") if isa not in isas)
    for isa in (foreign, "mmx"):
        message = refusal(PHONEWIRE_ISA=isa)
        assert f"PHONEWIRE_ISA={isa}: this machine has {', '.join(isas)}" in message


def test_pure_has_no_instruction_sets() -> None:
    message = refusal(PHONEWIRE_BACKEND="pure", PHONEWIRE_ISA="avx2")
    assert "PHONEWIRE_ISA=avx2: the pure backend has only scalar" in message


def test_without_the_compiled_core_one_warning_says_how_to_get_it() -> None:
    info, module, warnings = report(WITHOUT_NATIVE + REPORT)
    assert info["backend"] == "pure"
    assert "No module named" in info["native_error"]
    assert module == "phonewire._pure.g711"
    ((category, message),) = warnings
    assert category == "RuntimeWarning"
    assert "Install a wheel, or a C compiler" in message


def test_without_the_compiled_core_a_demand_is_refused() -> None:
    assert "only pure is there (No module named" in refusal(WITHOUT_NATIVE + REPORT, PHONEWIRE_BACKEND="native")
    assert "PHONEWIRE_ISA=avx2: the pure backend" in refusal(WITHOUT_NATIVE + REPORT, PHONEWIRE_ISA="avx2")


def test_without_the_compiled_core_pure_can_be_accepted_in_silence() -> None:
    assert report(WITHOUT_NATIVE + REPORT, PHONEWIRE_BACKEND="pure")[2] == []


def test_this_process_runs_what_its_environment_demands() -> None:
    info = _backend.backend_info()
    assert info.backend == (os.environ.get("PHONEWIRE_BACKEND") or info.backend)
    assert info.isa == (os.environ.get("PHONEWIRE_ISA") or info.isa)
    assert info.isa in info.available_isas


def test_an_import_error_is_what_a_refusal_is() -> None:
    from phonewire.errors import BackendError, PhonewireError

    assert issubclass(BackendError, ImportError)
    assert issubclass(BackendError, PhonewireError)
