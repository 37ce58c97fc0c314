"""``phonewire serve --echo`` with a wider door, which that has no option for: ``python -m tests.drills.roomy``.

However many connections wait, none is sent away for another one, so that only time ends them.
"""

from __future__ import annotations

import phonewire
from phonewire.cli.event_loop import run_quickly
from phonewire.cli.operating_options import OperatingOptions
from phonewire.cli.running import run

__all__ = ["LIMITS"]

LIMITS = phonewire.Limits(unauthenticated=10_000)
_OPERATING = OperatingOptions(
    tls_cert=None, tls_key=None, trusted_proxy=(), origin=(), observe=None, drain_seconds=0, stop_seconds=4
)


async def echo(call: phonewire.Call) -> None:
    """Send a caller his own voice."""
    async for frame in call.frames():
        await call.write(frame.pcm)


async def main() -> None:
    """Say the URL, and serve until killed."""
    server = phonewire.serve(echo, endpoints=[phonewire.Endpoint("/twilio", "twilio", auth=None)], limits=LIMITS)
    await run([server], lambda: print(f"{server.url}/twilio", flush=True), _OPERATING)


if __name__ == "__main__":
    run_quickly(main())
