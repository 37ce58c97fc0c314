"""A caller that knows nothing of phonewire: Twilio's messages on a bare WebSocket client."""

from __future__ import annotations

import asyncio
import base64
import json

from websockets.asyncio.client import ClientConnection

__all__ = ["FRAME_S", "media", "say", "start"]

FRAME_S = 0.02
_FRAME_BYTES = 160


def start(call_id: str) -> str:
    """Return the message that begins a stream."""
    return json.dumps({"event": "start", "start": {"callSid": call_id, "streamSid": f"MZ{call_id}"}})


def media(call_id: str, payload: bytes, at_ms: int) -> str:
    """Return a message of audio."""
    audio = {"payload": base64.b64encode(payload).decode(), "timestamp": str(at_ms), "track": "inbound"}
    return json.dumps({"event": "media", "streamSid": f"MZ{call_id}", "media": audio})


async def say(socket: ClientConnection, call_id: str, speech: bytes, said: bytearray) -> None:
    """Send *speech* at the speed of speech, frame by frame; *said* is what was sent so far."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for frame, position in enumerate(range(0, len(speech), _FRAME_BYTES)):
        await asyncio.sleep(began + frame * FRAME_S - loop.time())
        payload = speech[position : position + _FRAME_BYTES]
        await socket.send(media(call_id, payload, position // 8))
        said += payload
