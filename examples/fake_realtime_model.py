"""Not a speech model: a server with the events of OpenAI's Realtime API that answers every turn with one recording."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from spoken import codewords
from turns import TurnDetector
from websockets.asyncio.server import ServerConnection, serve

from phonewire import b64


class FakeModel:
    """Hears turns by their level, and speaks faster than life, as the real one does.

    Attributes:
        answer: µ-law, to every turn.
        heard: the µ-law that came.
        session: what the client wants.
        truncated: how much of each answer was heard that was interrupted, in ms.
    """

    def __init__(self) -> None:
        self.answer = codewords("hours.wav")
        self.heard = b""
        self.session: dict[str, Any] = {}
        self.truncated: list[int] = []

    async def talk(self, socket: ServerConnection) -> None:
        async def send(kind: str, **fields: Any) -> None:
            await socket.send(json.dumps({"type": kind, **fields}))

        detector, items = TurnDetector(), 0
        async for message in socket:
            match json.loads(message):
                case {"type": "session.update", "session": session}:
                    self.session = session
                case {"type": "input_audio_buffer.append", "audio": audio}:
                    self.heard += b64.decode(audio)
                    turn = detector.feed(b64.decode_ulaw(audio))
                    if detector.began:
                        await send("input_audio_buffer.speech_started")
                        if items:  # what was on its way
                            await send("response.output_audio.delta", item_id=f"item_{items}", delta="//8=")
                    if turn:
                        items += 1
                        for start in range(0, len(self.answer), 1600):
                            delta = b64.encode(self.answer[start : start + 1600]).decode()
                            await send("response.output_audio.delta", item_id=f"item_{items}", delta=delta)
                        await send("response.output_audio.done", item_id=f"item_{items}")
                case {"type": "conversation.item.truncate", "audio_end_ms": heard_ms}:
                    self.truncated.append(heard_ms)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[str]:
        async with serve(self.talk, "127.0.0.1", 0) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
