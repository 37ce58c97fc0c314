"""Wide registers only in functions whose name says so: a stray one is an illegal instruction on an older processor."""

import platform
import re
import shutil
import subprocess

import pytest

FUNCTION = re.compile(r"^[0-9a-f]+ <(?P<name>[^>]+)>:$")
# AVX registers and encodings; the BMI and MOVBE instructions that -mavx2 brings along in some compilers.
NEEDS = {
    "avx2": re.compile(r"%ymm|\tv[a-z0-9]+ |\t(movbe|andn|bextr|blsr|blsi|blsmsk|mulx|pdep|pext|rorx|sarx|shlx|shrx) "),
    "avx512": re.compile(r"%zmm|%k[0-7]"),
}


def instructions_by_function(library: str) -> dict[str, str]:
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", library], capture_output=True, text=True, check=True
    ).stdout
    functions: dict[str, list[str]] = {}
    name = ""
    for line in listing.splitlines():
        if match := FUNCTION.match(line):
            name = match["name"]
        functions.setdefault(name, []).append(line)
    return {name: "\n".join(lines) for name, lines in functions.items()}


def strays(functions: dict[str, str]) -> list[str]:
    return [
        f"{name} uses {isa}"
        for name, code in functions.items()
        for isa, pattern in NEEDS.items()
        if pattern.search(code) and isa not in name and not (isa == "avx2" and "avx512" in name)
    ]


@pytest.fixture
def library() -> str:
    kernels = pytest.importorskip("phonewire._native.kernels", reason="the compiled core is not built")
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"x86-64 only, this is {platform.machine()}")
    if not shutil.which("objdump"):
        pytest.skip("objdump is not installed")
    return kernels.__file__


def test_wide_registers_stay_in_their_functions(library: str) -> None:
    functions = instructions_by_function(library)
    assert "pw_ulaw_encode_avx2" in functions  # not stripped: the names mean something
    assert strays(functions) == []


def test_the_test_would_notice(library: str) -> None:
    functions = instructions_by_function(library)
    renamed = {name.replace("avx", "old"): code for name, code in functions.items()}
    assert {"pw_ulaw_decode_old2 uses avx2", "pw_ulaw_decode_old512 uses avx512"} <= set(strays(renamed))
