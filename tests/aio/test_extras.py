"""What needs an extra says which, where its library is missing."""

import re
import sys
from importlib import import_module

import pytest

import phonewire


@pytest.mark.parametrize(
    ("library", "module", "extra"),
    [
        ("h11", "phonewire.aio.client.http_request", "das-peak"),
        ("redis.asyncio", "phonewire.aio.cluster.redis", "redis"),
    ],
)
def test_a_module_without_its_library(monkeypatch, library, module, extra):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(ImportError, match=re.escape(f"pip install 'phonewire[{extra}]'")):
        import_module(module)


def test_a_handler_without_aiohttp(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "phonewire.aio.mounted.aiohttp_server", raising=False)
    with pytest.raises(ImportError, match=re.escape("pip install 'phonewire[aiohttp]'")):
        phonewire.aiohttp_handler([])
