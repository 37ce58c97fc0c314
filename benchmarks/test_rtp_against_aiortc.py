"""How much faster than aiortc are RTP packets of 20 ms of G.711 read and written?"""

import random

from benchmarks.rows import Row, both_sides, compiled, optional
from phonewire import rtp

aiortc = optional("aiortc.rtp")
SKIPPED = [] if aiortc else ["aiortc is not installed"]

BATCH = 1000
HEADER = {"payload_type": 0, "sequence_number": 12345, "timestamp": 987654321, "ssrc": 0xDEADBEEF}
KEYWORDS = ", ".join(f"{name}={value}" for name, value in HEADER.items())
# Looks at every field of the fixed header, once and without making anything of it: marker and payload type are 0 here.
READ = "(p := {}.parse(data)).marker or p.payload_type or p.sequence_number and p.timestamp and p.ssrc"


def _rows() -> list[Row]:
    payload = random.Random(1).randbytes(160)
    data = rtp.pack(payload, **HEADER)
    names = {
        "rtp": rtp,
        "RtpPacket": aiortc.rtp.RtpPacket,
        "payload": payload,
        "data": data,
        "packet": aiortc.rtp.RtpPacket(**HEADER, payload=payload),
        "packets": [rtp.pack(payload, **HEADER | {"sequence_number": number}) for number in range(BATCH)],
    }
    every = "[RtpPacket.parse(data) for data in packets]"
    return [
        Row("rtp.parse, header read", "aiortc", READ.format("rtp"), READ.format("RtpPacket"), names, 172, 10),
        Row("rtp.pack", "aiortc serialize", f"rtp.pack(payload, {KEYWORDS})", "packet.serialize()", names, 172, 4),
        Row("rtp.parse_batch", "aiortc", "rtp.parse_batch(packets)", every, names, BATCH, 50),
        Row("rtp.parse_batch", "single parse", "rtp.parse_batch(packets)", "[rtp.parse(data) for data in packets]",
            names, BATCH),
    ]  # fmt: skip


ROWS = _rows() if aiortc else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))
