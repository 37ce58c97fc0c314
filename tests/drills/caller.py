"""A caller that knows nothing of phonewire: Twilio's messages on a bare WebSocket client."""

from __future__ import annotations

import asyncio
import base64
import json

from websockets.asyncio.client import ClientConnection

__all__ = ["FRAME_S", "Player", "media", "say", "start"]

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


class Player:
    """Plays what comes, from the first of it on without a stop.

    Attributes:
        heard: all that came, played or not.
    """

    def __init__(self) -> None:
        self.heard = bytearray()
        self._began_s = 0.0

    async def hear(self, socket: ClientConnection) -> None:
        """Take everything until the connection ends."""
        async for message in socket:
            event = json.loads(message)
            if event["event"] == "media":
                self._began_s = self._began_s or asyncio.get_running_loop().time()
                self.heard += base64.b64decode(event["media"]["payload"])

    def played(self) -> bytes:
        """Return what has been played by now."""
        passed_s = asyncio.get_running_loop().time() - self._began_s
        return bytes(self.heard[: int(8000 * passed_s)])
