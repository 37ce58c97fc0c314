"""Let a speech model talk on Twilio's calls: µ-law both ways as it is, and an answer is cut where it was interrupted.

MODEL_KEY=... TWILIO_TOKEN=... serves OpenAI's model on port 8080; `call_realtime_model.py` calls it here, with a fake.
"""

import asyncio
import json
import os

from websockets.asyncio.client import ClientConnection, connect

import phonewire
from phonewire import b64
from phonewire.auth import TwilioSignature

ULAW = {"format": {"type": "audio/pcmu"}}
SESSION = {"type": "realtime", "audio": {"input": ULAW | {"turn_detection": {"type": "server_vad"}}, "output": ULAW}}


def event(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **fields})


async def bridge(call: phonewire.Call, url: str = "wss://api.openai.com/v1/realtime?model=gpt-realtime") -> None:
    key = {"Authorization": f"Bearer {os.environ.get('MODEL_KEY', '')}"}
    async with connect(url, additional_headers=key) as model, asyncio.TaskGroup() as tasks:
        await model.send(event("session.update", session=SESSION))
        tasks.create_task(answer(call, model))
        async for frame in call.frames():
            await model.send(event("input_audio_buffer.append", audio=b64.encode(frame.payload).decode()))
        await model.close()


async def answer(call: phonewire.Call, model: ClientConnection) -> None:
    item = cut = None  # the answer that is said, and the last one that was interrupted
    said_ms = began_ms = 0  # of all answers since the last interruption, and before this one
    async for message in model:
        match json.loads(message):
            case {"type": "response.output_audio.delta", "item_id": item_id, "delta": delta} if item_id != cut:
                if item_id != item:
                    item, began_ms = item_id, said_ms
                await call.write_payload(audio := b64.decode(delta))
                said_ms += len(audio) // 8
            case {"type": "response.output_audio.done", "item_id": item_id} if item_id == item:
                call.mark(item_id)  # the last frame is said even if it is not full
            case {"type": "input_audio_buffer.speech_started"} if item is not None:
                heard = {"item_id": item, "content_index": 0, "audio_end_ms": max(await call.clear() - began_ms, 0)}
                await model.send(event("conversation.item.truncate", **heard))
                cut, item, said_ms = item, None, 0


async def main() -> None:
    auth = TwilioSignature([os.environ["TWILIO_TOKEN"]])
    twilio = phonewire.Endpoint("/twilio", "twilio", auth=auth, queue_ms=600_000)  # a model speaks faster than life
    async with phonewire.serve(bridge, port=8080, endpoints=[twilio]) as server:
        await server.serve_forever(stop_on_signals=True)


if __name__ == "__main__":
    asyncio.run(main())
