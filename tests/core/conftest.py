"""The two backends side by side, and the standard library's former audio module as an oracle."""

import importlib
import warnings
from types import ModuleType, SimpleNamespace

import pytest

RTP = ("rtp_parse", "rtp_pack", "rtp_packetizer", "rtp_tracker")
PCM = ("pcm", "mixing", "interleaving", "resample")
DOMAINS = ("g711", "b64", "payload", "scanner", *RTP, *PCM)


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


@pytest.fixture(scope="session")
def audioop() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("audioop", reason="audioop: in the standard library below 3.13, then audioop-lts")
