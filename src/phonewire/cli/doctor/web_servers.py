"""What web servers do themselves with the connections of `phonewire.asgi` and `phonewire.aiohttp_handler`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from phonewire.cli.doctor.check import Check, Status

__all__ = ["OWNED", "web_servers"]

#: By server, what it owns; ``docs/asgi.md`` has the same, and tests/web measures it.
OWNED = {
    "uvicorn": (
        "refuses with 401, 403, 404, 408 or 503 as phonewire says; reads messages of up to 16 MiB (--ws-max-size) and "
        "any number of fragments; compresses unless --ws-per-message-deflate=false; pings every 20 s; goodbyes are said"
    ),
    "granian": (
        "refuses with 401, 403, 404, 408 or 503 as phonewire says; reads frames of up to 16 MiB and any number of "
        "fragments; compresses nothing; sends no pings; goodbyes are said"
    ),
    "aiohttp": (
        "refuses with 401, 403, 404, 408 or 503 as phonewire says; reads messages of up to Limits.message_bytes and "
        "any number of fragments; compresses nothing; sends no pings; goodbyes are said"
    ),
}


def web_servers() -> Iterator[Check]:
    """Say what those own that are installed."""
    for name, owned in OWNED.items():
        try:
            yield Check(name, Status.OK, f"{version(name)} {owned}")
        except PackageNotFoundError:
            continue
