"""What does an AudioHook message cost beside Twilio's, through the whole engines? (Printed, no goal.)"""

import base64
import json

from benchmarks.rows import Row, both_sides, compiled, noise
from benchmarks.test_twilio_against_the_usual_way import STREAM, opened
from phonewire import g711
from phonewire.protocols import audiohook
from phonewire.protocols.connection import Side

SESSION = "e160e428-53e2-487c-977d-96989bf5c99d"


def hooked(dialect: audiohook.Dialect, *channels: str) -> audiohook.Connection:
    """Return a server's engine in a session that is open."""
    client = audiohook.Connection(Side.CLIENT, dialect=dialect, session_id=SESSION)
    server = audiohook.Connection(Side.SERVER, dialect=dialect)
    offer = audiohook.MediaOffer(channels=channels)
    client.send(
        audiohook.Open(
            organization_id=SESSION,
            conversation_id=SESSION,
            participant=audiohook.Participant(SESSION),
            media=(offer,),
        )
    )
    for data, text in client.data_to_send():
        server.receive(data, text=text)
    server.data_to_send()
    return server


def twilio_message(payload: bytes) -> bytes:
    """Return a message of one voice."""
    media = {"track": "inbound", "chunk": "2", "timestamp": "5", "payload": base64.b64encode(payload).decode()}
    return json.dumps({"event": "media", "sequenceNumber": "3", "media": media, "streamSid": STREAM}).encode()


def _rows() -> list[Row]:
    voice = g711.ulaw_encode(noise(1600))
    names = {
        "stereo": hooked(audiohook.MONITOR, "external", "internal"),
        "one": hooked(audiohook.MONITOR, "external"),
        "connector": hooked(audiohook.CONNECTOR, "external"),
        "twilio": opened(),
        "frame": voice[:160],
        "both": voice[:320],
        "long": voice,
        "longer": voice * 2,
        "message": twilio_message(voice[:160]),
        "long_message": twilio_message(voice),
    }
    to_samples = "[media.pcm for media in {}.receive({}, text=False)]"
    theirs = "twilio.receive({}, text=True)[0].pcm"
    return [
        Row("AudioHook, 2 voices of 20 ms", "Twilio, 1 voice", to_samples.format("stereo", "both"),
            theirs.format("message"), names, 320),
        Row("AudioHook, 1 voice of 20 ms", "Twilio, 1 voice", to_samples.format("one", "frame"),
            theirs.format("message"), names, 160),
        Row("AudioHook, 2 voices of 200 ms", "Twilio, 1 voice", to_samples.format("stereo", "longer"),
            theirs.format("long_message"), names, 3200),
        Row("AudioHook, 200 ms sent", "Twilio, 200 ms sent",
            "connector.send_payload(long) or connector.data_to_send()",
            "twilio.send_payload(long) or twilio.data_to_send()", names, 1600),
    ]  # fmt: skip


ROWS = _rows()


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))
