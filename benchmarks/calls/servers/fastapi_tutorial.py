"""FastAPI, json, base64 and audioop: how tutorials answer a Twilio stream."""

from __future__ import annotations

import base64
import json
import warnings
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI, WebSocket

from benchmarks.calls.servers.uvicorn_server import under_uvicorn

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

app = FastAPI()


@app.websocket("/twilio")
async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    stream_sid = None
    async for message in websocket.iter_text():
        data = json.loads(message)
        if data["event"] == "start":
            stream_sid = data["start"]["streamSid"]
        elif data["event"] == "media":
            samples = audioop.ulaw2lin(base64.b64decode(data["media"]["payload"]), 2)
            payload = base64.b64encode(audioop.lin2ulaw(samples, 2)).decode()
            media = {"event": "media", "streamSid": stream_sid, "media": {"payload": payload}}
            await websocket.send_text(json.dumps(media))


def serving() -> AbstractAsyncContextManager[int]:
    return under_uvicorn(app)
