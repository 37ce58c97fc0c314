"""What every test shares: a deterministic hypothesis profile, and the standard library's former audio module."""

import warnings
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# Derandomised: a failure on one machine is the same failure on the next. No deadline: the suite never depends on speed.
settings.register_profile(
    "phonewire", derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("phonewire")

pytest_plugins = ["pytester"]  # for tests/plugin; pytest takes it from the topmost conftest only


@pytest.fixture(scope="session")
def audioop() -> ModuleType:
    """An oracle of µ-law and mixing that is nobody's here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("audioop", reason="audioop: in the standard library below 3.13, then audioop-lts")
