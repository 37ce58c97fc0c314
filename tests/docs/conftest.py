"""Examples are imported as if Python had been started where they are, and forgotten after each test."""

import sys
from pathlib import Path

import pytest

from tests.command import logging_as_it_was, run, serving

__all__ = ["logging_as_it_was", "run", "serving"]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def _forget_examples(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)  # they import each other
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if (EXAMPLES / f"{name}.py").exists():
            del sys.modules[name]
