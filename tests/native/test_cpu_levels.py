"""The compiled core on older processors, under qemu: the right level is chosen, it works, and no other can be had."""

import os
import platform
import shutil
import subprocess
import sys

import pytest

# Every sample through every encoder and back, and base64 of all of it.
WORK = """
import hashlib
from array import array
from phonewire import b64, backend_info, g711
pcm = array("h", range(-32768, 32768)).tobytes()
coded = g711.ulaw_encode(pcm) + g711.ulaw_encode(pcm, compat="audioop") + g711.alaw_encode(pcm)
linear = g711.ulaw_decode(coded) + g711.alaw_decode(coded) + b64.decode_ulaw(b64.encode(coded))
print(backend_info().isa, hashlib.sha256(coded + linear + b64.decode(b64.encode(linear))).hexdigest())
"""


def run(*command: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PHONEWIRE_")}
    return subprocess.run(command, env=clean | environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def emulator() -> str:
    pytest.importorskip("phonewire._native.kernels", reason="the compiled core is not built")
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"x86-64 only, this is {platform.machine()}")
    path = shutil.which("qemu-x86_64")
    if path is None:
        pytest.skip("qemu-x86_64 is not installed (Debian: qemu-user)")
    return path


@pytest.fixture(scope="module")
def expected() -> str:
    return run(sys.executable, "-c", WORK, PHONEWIRE_BACKEND="pure").stdout.split()[1]


@pytest.mark.parametrize(("processor", "isa"), [("qemu64", "scalar"), ("Nehalem", "scalar"), ("Haswell", "avx2")])
def test_a_processor_gets_the_level_that_it_has(emulator: str, expected: str, processor: str, isa: str) -> None:
    done = run(emulator, "-cpu", processor, sys.executable, "-c", WORK, PHONEWIRE_BACKEND="native")
    assert done.stdout.split() == [isa, expected], done.stderr


@pytest.mark.parametrize(("processor", "isa"), [("Nehalem", "avx2"), ("Haswell", "avx512"), ("Haswell", "avx512vbmi")])
def test_a_level_that_the_processor_lacks_is_refused(emulator: str, processor: str, isa: str) -> None:
    done = run(emulator, "-cpu", processor, sys.executable, "-c", WORK, PHONEWIRE_ISA=isa)
    assert done.returncode == 1
    assert f"BackendError: PHONEWIRE_ISA={isa}: this machine has scalar" in done.stderr
