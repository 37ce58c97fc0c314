"""What is the compiled core worth, function by function, for 20 ms?"""

from benchmarks.rows import Row, both_sides, compiled, noise, optional
from phonewire._pure import b64 as pure_b64
from phonewire._pure import g711 as pure_g711
from phonewire._pure import payload as pure_payload
from phonewire._pure import rtp_pack as pure_rtp_pack
from phonewire._pure import rtp_packetizer as pure_rtp_packetizer
from phonewire._pure import rtp_parse as pure_rtp_parse
from phonewire._pure import rtp_tracker as pure_rtp_tracker
from phonewire._pure import scanner as pure_scanner

RTP = ("rtp_pack", "rtp_packetizer", "rtp_parse", "rtp_tracker")
native = [optional(f"phonewire._native.{domain}") for domain in ("g711", "b64", "payload", "scanner", *RTP)]
SKIPPED = [] if all(native) else ["the compiled core is not built"]

CALLS = {
    "g711.ulaw_encode(pcm)": 160, "g711.alaw_encode(pcm)": 160, "g711.ulaw_decode(codewords)": 160,
    "g711.alaw_decode(codewords)": 160, "g711.ulaw_to_alaw(codewords)": 160, "g711.alaw_to_ulaw(codewords)": 160,
    "g711.ulaw_encode_into(pcm, out)": 160, "g711.ulaw_decode_into(codewords, out)": 160,
    "b64.encode(codewords)": 160, "b64.decode(text)": 216, "b64.encode_into(codewords, out)": 160,
    "b64.decode_into(text, out)": 216, "payload.decode_ulaw(text)": 216, "framer.frame(pcm)": 160,
    "scanner.scan(message)": 160,
    "rtp_parse.parse(packet)": 172, "rtp_parse.parse_batch(packets)": 100, "packetizer.packetize(codewords)": 160,
    "rtp_pack.pack(codewords, payload_type=0, sequence_number=1, timestamp=2, ssrc=3)": 160,
    "rtp_pack.pack_into(out, codewords, payload_type=0, sequence_number=1, timestamp=2, ssrc=3)": 160,
    "tracker.update(5)": 1, "tracker.update_jitter(160, 170)": 1,
}  # fmt: skip


def _names(g711, b64, payload, scanner, rtp_pack, rtp_packetizer, rtp_parse, rtp_tracker) -> dict[str, object]:
    pcm = noise(160)
    codewords = pure_g711.ulaw_encode(pcm)
    text, out = pure_b64.encode(codewords), bytearray(1000)
    prefix, suffix = b'{"media":{"payload":"', b'"}}'
    framer, scanner = payload.MessageFramer(prefix, suffix), scanner.MessageScanner(prefix, bytes, suffix)
    packet = pure_rtp_pack.pack(codewords, payload_type=0, sequence_number=1, timestamp=2, ssrc=3)
    packetizer = rtp_packetizer.Packetizer(
        0, ssrc=3, sequence_number=1, timestamp=2, samples_per_packet=160, payload_size=160
    )
    tracker = rtp_tracker.SequenceTracker()
    tracker.update(4)
    tracker.update(5)
    return {"g711": g711, "b64": b64, "payload": payload, "framer": framer, "rtp_pack": rtp_pack,
            "rtp_parse": rtp_parse, "packet": packet, "packets": [packet] * 100, "packetizer": packetizer,
            "tracker": tracker, "scanner": scanner, "message": prefix + text + suffix,
            "pcm": pcm, "codewords": codewords, "text": text, "out": out}  # fmt: skip


def _rows() -> list[Row]:
    import phonewire._native as native_package

    domains = ("g711", "b64", "payload", "scanner", *RTP)
    ours = _names(*(getattr(native_package, domain) for domain in domains))
    theirs = _names(
        pure_g711, pure_b64, pure_payload, pure_scanner,
        pure_rtp_pack, pure_rtp_packetizer, pure_rtp_parse, pure_rtp_tracker,
    )  # fmt: skip
    names = {**ours, **{f"pure_{name}": value for name, value in theirs.items()}}
    return [Row(call.partition("(")[0], "pure", call, f"pure_{call}", names, size) for call, size in CALLS.items()]


ROWS = _rows() if all(native) else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))
