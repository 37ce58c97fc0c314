"""What does a Twilio media message cost, from the wire to samples, through the whole engine?"""

import base64
import json

from benchmarks.rows import Row, both_sides, compiled, noise, optional
from phonewire import b64, g711
from phonewire.protocols import twilio
from phonewire.protocols.connection import Side

audioop, pybase64, orjson = optional("audioop"), optional("pybase64"), optional("orjson")
SKIPPED = [
    f"{name} is not installed"
    for name, rival in (("audioop", audioop), ("pybase64", pybase64), ("orjson", orjson))
    if not rival
]

STREAM = "MZ18ad3ab5a668481ce02b83e7395059f0"
START = {
    "event": "start",
    "sequenceNumber": "1",
    "streamSid": STREAM,
    "start": {
        "streamSid": STREAM,
        "accountSid": "AC18ad3ab5a668481ce02b83e7395059f0",
        "callSid": "CA18ad3ab5a668481ce02b83e7395059f0",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {},
    },
}


def opened() -> twilio.Connection:
    connection = twilio.Connection(Side.SERVER)
    connection.receive(b'{"event":"connected","protocol":"Call","version":"1.0.0"}', text=True)
    connection.receive(json.dumps(START).encode(), text=True)
    return connection


def usual(message: bytes) -> bytes:
    media = json.loads(message)["media"]
    return audioop.ulaw2lin(base64.b64decode(media["payload"]), 2)


def quick(message: bytes) -> bytes:
    media = orjson.loads(message)["media"]
    return audioop.ulaw2lin(pybase64.b64decode(media["payload"], validate=True), 2)


def _rows() -> list[Row]:
    payload = b64.encode(g711.ulaw_encode(noise(160))).decode()
    media = {"track": "inbound", "chunk": "2", "timestamp": "5", "payload": payload}
    message = json.dumps({"event": "media", "sequenceNumber": "3", "media": media, "streamSid": STREAM}).encode()
    names = {**globals(), "connection": opened(), "message": message}
    ours = "connection.receive(message, text=True)[0].pcm"
    rows = [Row("media message to samples", "json+base64+audioop", ours, "usual(message)", names, len(message), 4)]
    if pybase64 and orjson:
        rival = "orjson+pybase64+audioop"
        rows.append(Row("media message to samples", rival, ours, "quick(message)", names, len(message), 1.3))
    return rows


ROWS = _rows() if audioop else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))
