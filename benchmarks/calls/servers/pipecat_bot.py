"""pipecat's Twilio serializer on its FastAPI transport: a pipeline that sends back the audio that comes in."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from benchmarks.calls.servers.uvicorn_server import under_uvicorn

logger.remove()
app = FastAPI()


class Echo(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            await self.push_frame(OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels))
        else:
            await self.push_frame(frame, direction)


@app.websocket("/twilio")
async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    message = {"event": ""}
    while message["event"] != "start":
        message = json.loads(await websocket.receive_text())
    serializer = TwilioFrameSerializer(
        message["start"]["streamSid"], params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
    )
    transport = FastAPIWebsocketTransport(
        websocket,
        FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            audio_out_10ms_chunks=2,  # frames of 20 ms, as they come
            audio_out_auto_silence=False,
            serializer=serializer,
        ),
    )
    worker = PipelineWorker(
        Pipeline([transport.input(), Echo(), transport.output()]),
        params=PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )

    @transport.event_handler("on_client_disconnected")
    async def left(transport: FastAPIWebsocketTransport, websocket: WebSocket) -> None:
        await worker.cancel()

    await WorkerRunner(handle_sigint=False).run(worker)


def serving() -> AbstractAsyncContextManager[int]:
    return under_uvicorn(app)
