"""What type checkers make of a program that codes audio, reads packets and drives an engine: `make types` reads it."""

from typing import assert_type

from phonewire import b64, g711, pcm, rtp
from phonewire.auth import ApiKey, AudioHookSignature, Authenticator, TwilioSignature
from phonewire.jitter import JitterBuffer
from phonewire.protocols import audiohook, audiosocket, twilio, voipbin
from phonewire.protocols.connection import MediaConnection, Side, State
from phonewire.wav import WavReader

samples = bytes(320)
out = bytearray(160)

assert_type(g711.ulaw_encode(samples), bytes)
assert_type(g711.ulaw_encode_into(memoryview(samples), out), int)
silence: int = g711.ULAW_SILENCE
assert_type(b64.encode(samples), bytes)
assert_type(b64.decode(b"AAAA"), bytes)
assert_type(pcm.Resampler(8000, 16_000).resample(samples), bytes)
assert_type(pcm.mix([samples, samples]), bytes)

packet = rtp.parse(bytes(12))
assert_type(packet, rtp.RtpPacket)
assert_type(packet.sequence_number, int)
assert_type(packet.payload, memoryview)
packetizer = rtp.Packetizer(0, ssrc=1, sequence_number=1, timestamp=0, samples_per_packet=160, payload_size=160)
assert_type(packetizer.packetize(bytes(160)), list[bytes])

engine = twilio.Connection(Side.SERVER)
assert_type(engine.state, State)
assert_type(engine.receive(b"{}", text=True), list[twilio.Event])
assert_type(engine.data_to_send(), list[tuple[bytes, bool]])

engines: list[MediaConnection] = [
    engine,
    audiohook.Connection(Side.CLIENT, dialect=audiohook.MONITOR, session_id="00000000-0000-1000-8000-000000000000"),
    audiosocket.Connection(Side.SERVER),
    voipbin.Connection(Side.SERVER, encapsulation="rtp"),
]
who: list[Authenticator] = [ApiKey(["k"]), TwilioSignature(["t"]), AudioHookSignature({"k": None})]

buffer = JitterBuffer(twilio.MediaFormat(), ptime_ms=20)
frame = buffer.pop(0)
assert_type(frame.payload if frame else b"", bytes)

with WavReader("call.wav") as reader:
    assert_type(reader.read(), bytes)
