"""Imports go downwards only, and `import phonewire` loads no more than it needs."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "phonewire"

# From the bottom up; a module may import from its own layer where `SIBLINGS` allows it, and from those below.
LAYERS = [
    {"errors", "_bounds", "_typing"},
    {"_native", "_pure"},
    {"_backend"},
    {"g711", "b64", "rtp", "pcm", "dtmf"},
    {"wav", "stats", "url"},
    {"protocols", "auth", "twiml", "das_peak_request", "voipbin_request"},
    {"jitter"},
    {"aio"},
    {"emulators"},
    {"load"},
    {"cli", "__main__", "pytest_plugin"},
]
# The packages of aio, likewise; beside the first one are the modules of aio itself.
AIO_LAYERS = [
    {"alarm", "events", "faults", "pacing", "redial", "refusal", "sample_rate", "timeline", "tls"},
    {"transports", "recording"},
    {"outbound"},
    {"inbound"},
    {"call"},
    {"bridge", "conference", "cluster", "observe"},
    {"monitor"},
    {"client", "server"},
    {"mounted"},
]
# What a protocol or authentication may never touch: it would no longer be a function of its input.
IMPURE = {"asyncio", "socket", "time", "random", "logging", "secrets", "threading", "ssl", "os"}
PURE = {"protocols", "auth", "twiml", "url", "das_peak_request", "voipbin_request", "jitter"}
ASYNC_ONLY = {"asyncio", "websockets", "uvloop", "click", "rich", "h11"}

MODULES = sorted(
    path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem != "__init__"
)


def layer(name, layers=LAYERS):
    found = [index for index, names in enumerate(layers) if name in names]
    assert found, f"{name} has no place in its layers"
    return found[0]


@functools.cache
def imports(path):
    """Return the absolute names that a file imports, at any time and for type checkers, too."""
    names = []
    for node in ast.walk(ast.parse((SOURCE / path).read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def top(path):
    return path.parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_go_downwards(path):
    own = layer(top(path))
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "phonewire" and len(parts) > 1 and parts[1] in set().union(*LAYERS):
            assert layer(parts[1]) <= own, f"{path} imports {name}, which lies above it"


@pytest.mark.parametrize("path", [path for path in MODULES if top(path) == "aio" and len(path.parts) > 1], ids=str)
def test_imports_within_the_call_layer_go_downwards(path):
    if path.parts[1] == "__init__.py":
        return
    within = path.parts[1].removesuffix(".py")
    own = layer(within, AIO_LAYERS)
    for name in imports(path):
        parts = name.split(".")
        if parts[:2] == ["phonewire", "aio"] and len(parts) > 2:
            assert layer(parts[2], AIO_LAYERS) <= own, f"{path} imports {name}, which lies above it"


@pytest.mark.parametrize("path", [path for path in MODULES if top(path) in PURE], ids=str)
def test_protocols_do_no_input_or_output_and_read_no_clock(path):
    touched = IMPURE.intersection(name.split(".")[0] for name in imports(path))
    assert not touched, f"{path} imports {touched}"


@pytest.mark.parametrize("path", [path for path in MODULES if layer(top(path)) < layer("aio")], ids=str)
def test_only_the_call_layer_and_above_need_asyncio(path):
    touched = ASYNC_ONLY.intersection(name.split(".")[0] for name in imports(path))
    assert not touched, f"{path} imports {touched}"


# VoIPBIN's media streams carry AudioSocket's frames.
CARRIES = {("voipbin", "audiosocket")}


def test_protocols_do_not_import_each_other():
    packages = {path.parts[1].removesuffix(".py") for path in MODULES if top(path) == "protocols"}
    shared = {"__init__", "connection", "ending", "payload", "validation"}
    for path in MODULES:
        if top(path) == "protocols" and path.parts[1].removesuffix(".py") not in shared:
            own = path.parts[1].removesuffix(".py")
            imported = {name.split(".")[2] for name in imports(path) if name.startswith("phonewire.protocols.")}
            others = {name for name in packages - shared - {own} if (own, name) not in CARRIES}
            assert not others & imported, path


def loaded_by(code):
    program = f"import sys; before = set(sys.modules); {code}; print(*sorted(set(sys.modules) - before))"
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    return {name.split(".")[0] for name in output.split()}


def test_import_phonewire_loads_neither_asyncio_nor_websockets_nor_numpy():
    assert not loaded_by("import phonewire") & {"asyncio", "websockets", "numpy", "msgspec", "ssl", "socket", "click"}


@pytest.mark.parametrize(
    ("command", "others"),
    [("--version", {"asyncio", "numpy"}), ("repair --help", {"asyncio", "numpy"}), ("serve --help", {"numpy"})],
)
def test_a_command_loads_no_more_than_it_needs(command, others):
    code = f"from phonewire.cli import main; main({command.split()}, standalone_mode=False)"
    assert not loaded_by(code) & others


def test_codecs_load_no_numpy():
    program = "import phonewire.g711, phonewire.b64, phonewire.rtp, phonewire.pcm, phonewire.dtmf, phonewire.wav"
    assert "numpy" not in loaded_by(program)


def test_lazy_names_are_all_there():
    program = (
        "import phonewire\n"
        "for name in phonewire.__all__: getattr(phonewire, name)\n"
        "assert set(phonewire.__all__) <= set(dir(phonewire))\n"
        "try: phonewire.nothing\n"
        "except AttributeError as exc: print(exc)\n"
    )
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert output == "module 'phonewire' has no attribute 'nothing'\n"
