"""Servers that send each frame of Twilio's back, ours and others', each as its users write it: what is compared.

A file has an async context manager ``serving(...)``, which yields the port. Each decodes to PCM and encodes again, but
the bare ones, which send the message back as it is: they are what a transport costs, and one of those with a handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

__all__ = ["BARE", "SERVERS", "in_turn", "serving"]

#: By name: the file, and the arguments of its ``serving``; those that are compared stand near to each other.
SERVERS: dict[str, tuple[str, dict[str, Any]]] = {
    "bare websockets": ("bare_websockets", {}),
    "phonewire": ("phonewire_server", {}),
    "FastAPI": ("fastapi_tutorial", {}),
    "phonewire under uvicorn": ("phonewire_asgi", {}),
    "bare ASGI": ("bare_asgi", {}),
    "phonewire on picows": ("phonewire_server", {"transport": "picows"}),
    "bare picows": ("bare_picows", {}),
    "picows with a handler": ("picows_handler", {}),
    "picows with a handler and the engine": ("picows_handler", {"coded": True}),
    "pipecat": ("pipecat_bot", {}),
}
#: Ours by the bare transport below it.
BARE = {
    "phonewire": "bare websockets",
    "phonewire on picows": "bare picows",
    "phonewire under uvicorn": "bare ASGI",
}


def serving(name: str, **more: Any) -> Any:
    """Return the server of a name.

    Args:
        name: of `SERVERS`.
        more: arguments of its ``serving``, beside those that are there.

    Raises:
        ImportError: what it is made of is not installed.
    """
    module, arguments = SERVERS[name]
    return import_module(f"{__name__}.{module}").serving(**arguments, **more)


def in_turn(pairs: Mapping[str, str]) -> list[str]:
    """Return the names in pairs of ours and theirs, one after the other."""
    return [name for pair in pairs.items() for name in pair]
