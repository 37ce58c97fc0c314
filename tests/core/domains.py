"""The parts of the core that are there twice: each binding has a twin in plain Python of the same name."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import phonewire

# The table of kernels, and what only Linux has.
ONLY_COMPILED = {"kernels", "timerfd"}
DOMAINS = sorted({path.stem for path in Path(phonewire.__file__).parent.glob("_native/*.pyi")} - ONLY_COMPILED)


def load(backend: str) -> SimpleNamespace:
    """Return all of them, of ``"native"`` or ``"pure"``."""
    return SimpleNamespace(**{domain: importlib.import_module(f"phonewire._{backend}.{domain}") for domain in DOMAINS})
