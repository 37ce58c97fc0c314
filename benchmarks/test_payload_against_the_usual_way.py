"""What does one native call save on a media message, out and in, against the usual three?"""

import base64
import json

from benchmarks.rows import Row, both_sides, compiled, noise, optional
from phonewire import b64, g711

audioop, pybase64 = optional("audioop"), optional("pybase64")
SKIPPED = [f"{name} is not installed" for name, rival in (("audioop", audioop), ("pybase64", pybase64)) if not rival]

PREFIX = b'{"event":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":{"payload":"'
MESSAGE = {"event": "media", "streamSid": "MZ18ad3ab5a668481ce02b83e7395059f0", "media": {"payload": ""}}


def usual_frame(pcm: bytes) -> str:
    payload = base64.b64encode(audioop.lin2ulaw(pcm, 2)).decode("ascii")
    return json.dumps({**MESSAGE, "media": {"payload": payload}})


def _rows() -> list[Row]:
    pcm = noise(160)
    text = b64.encode(g711.ulaw_encode(pcm)).decode()
    framer = b64.MessageFramer(PREFIX, b'"}}')
    names = {**globals(), "pcm": pcm, "text": text, "framer": framer}
    rows = [
        Row("MessageFramer.frame", "audioop+base64+json", "framer.frame(pcm)", "usual_frame(pcm)", names, 160, 20),
        Row("decode_ulaw", "base64+audioop", "b64.decode_ulaw(text)", "audioop.ulaw2lin(base64.b64decode(text), 2)",
            names, 216, 5),
    ]  # fmt: skip
    if pybase64:
        theirs = "audioop.ulaw2lin(pybase64.b64decode(text, validate=True), 2)"
        rows.append(Row("decode_ulaw", "pybase64+audioop", "b64.decode_ulaw(text)", theirs, names, 216, 2.5))
    return rows


ROWS = _rows() if audioop else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))
