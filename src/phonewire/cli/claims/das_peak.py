"""das-Peak sends more than the consumer wants."""

from __future__ import annotations

import phonewire
from phonewire import Call, Endpoint
from phonewire.auth import ApiKey
from phonewire.cli.claims.claim import Claim, lengthened
from phonewire.emulators.das_peak import DasPeakSender

__all__ = ["check"]

_API_KEY = "the demo's key"
_PATH = "/daspeak-stream/v1/twilio"
_ENOUGH_MS = 12_000
_SENT_MS = 60_000


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that the consumer takes what it wants, and that its close is success."""
    speech = lengthened(speech, 8 * _SENT_MS)
    taken = bytearray()

    async def consume(call: Call) -> None:
        async for frame in call.frames():
            taken.extend(frame.payload)
            if len(taken) >= 8 * _ENOUGH_MS:
                return

    endpoint = Endpoint(_PATH, "das-peak", auth=ApiKey([_API_KEY]))
    async with phonewire.serve(consume, endpoints=[endpoint]) as server:
        sender = DasPeakSender(server.url + _PATH, apikey=_API_KEY)
        completed = await sender.send(speech)
    wanted = speech[: 8 * _ENOUGH_MS]
    return [
        Claim(
            f"das-Peak: of {_SENT_MS // 1000} s, unpaced, the consumer takes exactly {_ENOUGH_MS // 1000} s and closes",
            f"{len(taken) // 8:,} ms taken, close code {sender.close_code}",
            len(taken) == len(wanted),
        ),
        Claim("das-Peak: the sender reports success", "completed" if completed else "not completed", completed),
        Claim(
            "das-Peak: the consumer's audio is the file's, byte for byte",
            f"{len(taken):,} bytes {'equal' if taken == wanted else 'differ'}",
            bytes(taken) == wanted,
        ),
    ]
