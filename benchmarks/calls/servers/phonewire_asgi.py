"""phonewire as an ASGI application under uvicorn."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import phonewire
from benchmarks.calls.servers.phonewire_server import LIMITS, echo
from benchmarks.calls.servers.uvicorn_server import under_uvicorn


def serving() -> AbstractAsyncContextManager[int]:
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
    return under_uvicorn(phonewire.asgi([endpoint], handler=echo, limits=LIMITS))
