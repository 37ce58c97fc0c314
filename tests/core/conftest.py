"""The two backends side by side."""

from types import SimpleNamespace

import pytest

from tests.core.domains import load


@pytest.fixture(scope="session")
def pure() -> SimpleNamespace:
    return load("pure")


@pytest.fixture(scope="session")
def native() -> SimpleNamespace:
    try:
        return load("native")
    except ImportError as error:
        pytest.skip(f"the compiled core is not built: {error}")


@pytest.fixture(scope="session", params=["pure", "native"])
def backend(request: pytest.FixtureRequest) -> SimpleNamespace:
    return request.getfixturevalue(request.param)
