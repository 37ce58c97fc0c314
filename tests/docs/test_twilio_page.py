"""docs/twilio.md: its server takes a signed call, its TwiML is what is written, and its errors are the emulator's."""

import asyncio
import re
import shlex
from xml.etree.ElementTree import canonicalize

import pytest
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import twiml
from phonewire.emulators.twilio import TwilioCaller
from phonewire.emulators.twilio_errors import TwilioError
from phonewire.errors import LocalProtocolError
from phonewire.protocols import twilio
from phonewire.wav import WavReader
from tests.docs.pages import code, commands, page, top_level

PAGE = page("twilio.md")
(SERVER,) = code(PAGE, "python")
TWO_WAY, ONE_WAY = code(PAGE, "xml")


async def test_the_server_takes_signed_calls(phonewire_clock, monkeypatch, capsys):
    monkeypatch.setenv("PHONEWIRE_TWILIO_AUTH_TOKEN", "12345")
    program = top_level(SERVER.replace("stop_on_signals=True", ""), "server")
    serving = asyncio.create_task(program["main"]())
    await asyncio.sleep(0.01)
    with pytest.raises(InvalidStatus):
        async with TwilioCaller("ws://127.0.0.1:8080/twilio"):
            pass
    signed = {"auth_token": "12345", "signed_url": "wss://your.host/twilio"}
    async with TwilioCaller("ws://127.0.0.1:8080/twilio", parameters={"from": "+15550001"}, **signed) as caller:
        await caller.say(bytes(range(100)) * 16)
        await caller.listen(0.5)
        assert bytes(range(100)) in caller.heard
        assert caller.errors == []
    serving.cancel()
    await asyncio.wait([serving])
    assert capsys.readouterr().out == "+15550001 calls\n"
    written = program["answer"]({"From": "+15550001"})
    assert canonicalize(written) == canonicalize(TWO_WAY, strip_text=True)


def test_the_twiml_of_a_one_way_stream_is_what_is_written():
    written = twiml.start_stream("wss://your.host/twilio", track="both_tracks")
    told = re.sub(r"<Dial>.*</Dial>", "", ONE_WAY)
    assert canonicalize(written) == canonicalize(told, strip_text=True)
    with pytest.raises(ValueError, match="31941"):
        twiml.connect_stream("wss://your.host/twilio", track="both_tracks")


def test_every_error_is_told():
    told = {int(number) for row in re.findall(r"^\| (319[\d, ]+) \|", PAGE, re.MULTILINE) for number in row.split(",")}
    # Of TwiML, which no emulator of the stream gets to see.
    assert told == set(TwilioError) | {31922, 31923, 31941}


async def test_nothing_can_be_said_on_a_one_way_stream(phonewire_clock):
    async def listen(call):
        with pytest.raises(LocalProtocolError):
            await call.write(bytes(320))
        refused.append(call.id)

    refused = []
    endpoint = phonewire.Endpoint("/twilio", "twilio-one-way", auth=None)
    async with phonewire.serve(listen, endpoints=[endpoint]) as server:
        async with TwilioCaller(server.url + "/twilio", dialect=twilio.TWILIO_ONE_WAY) as caller:
            await caller.wait_closed()
        assert refused == [caller.call_sid]


def test_the_limits_are_these():
    assert f"At most {twilio.TWILIO.lead_ms} ms are sent ahead" in PAGE
    assert f"message over {twilio.MAX_MESSAGE_SIZE // 1024} KiB" in PAGE
    assert f"within {phonewire.Limits().start_s:g} s of the upgrade" in PAGE


async def test_the_command_takes_a_signed_call(tmp_path, serving):
    (line,) = (line for line in commands(PAGE) if line.startswith("phonewire -v serve"))
    options = shlex.split(line.replace(" calls ", f" {tmp_path} "))[1:]
    with serving(
        command=(*options, "--port", "0"), ready="voice webhook", PHONEWIRE_TWILIO_AUTH_TOKEN="12345"
    ) as served:
        signed = {"auth_token": "12345", "signed_url": "wss://your.host/twilio"}
        async with TwilioCaller(served.url + "/twilio", **signed) as caller:
            await caller.say(bytes(range(100)) * 16)
            await caller.listen(0.2)
            assert bytes(range(100)) in caller.heard
        assert served.stop() == 0
    (recorded,) = tmp_path.glob("*.wav")
    with WavReader(recorded) as reader:
        assert reader.info.duration_ms >= 200
