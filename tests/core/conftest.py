"""The two backends side by side."""

import importlib
from types import SimpleNamespace

import pytest

from tests.core.domains import DOMAINS


def _load(backend: str) -> SimpleNamespace:
    return SimpleNamespace(**{domain: importlib.import_module(f"phonewire._{backend}.{domain}") for domain in DOMAINS})


@pytest.fixture(scope="session")
def pure() -> SimpleNamespace:
    return _load("pure")


@pytest.fixture(scope="session")
def native() -> SimpleNamespace:
    try:
        return _load("native")
    except ImportError as error:
        pytest.skip(f"the compiled core is not built: {error}")


@pytest.fixture(scope="session", params=["pure", "native"])
def backend(request: pytest.FixtureRequest) -> SimpleNamespace:
    return request.getfixturevalue(request.param)
