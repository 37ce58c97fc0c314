"""A pytest plugin: tells coverage which test file runs, or is being imported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def _context(nodeid: str) -> Iterator[None]:
    measuring = coverage.Coverage.current()
    assert measuring is not None, "this plugin is for `coverage run`"
    measuring.switch_context(nodeid.partition("::")[0])
    try:
        yield
    finally:
        measuring.switch_context("")
