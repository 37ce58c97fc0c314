"""A pytest plugin: tells coverage which test file runs, or is being imported."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import _lru_cache_wrapper

import coverage
import pytest

import phonewire
from tests.covered import OWN_TESTS


def pytest_configure() -> None:
    """Import what is to be covered: what that runs belongs to no test file, and least of all to the first one."""
    wanted = {module.partition("/")[0] for module in OWN_TESTS}
    for found in pkgutil.walk_packages(phonewire.__path__, "phonewire."):
        if found.name.split(".")[1] in wanted:
            importlib.import_module(found.name)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """A test file may run much while it is imported."""
    with _context(collector.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Every test belongs to its file."""
    with _context(item.nodeid):
        return (yield)


_files = [""]  # of the test that ran last


@contextmanager
def _context(nodeid: str) -> Iterator[None]:
    measuring = coverage.Coverage.current()
    assert measuring is not None, "this plugin is for `coverage run`"
    file = nodeid.partition("::")[0]
    if file != _files.pop():
        _forget()
    _files.append(file)
    measuring.switch_context(file)
    try:
        yield
    finally:
        measuring.switch_context("")


def _forget() -> None:
    """Empty the caches: what one test file has had worked out, the next one would not run."""
    for name, module in list(sys.modules.items()):
        if name.startswith("phonewire."):
            for value in list(vars(module).values()):
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()
