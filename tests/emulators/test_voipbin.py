"""VoIPBIN's side, against clients made of `websockets` and `struct` alone, on the fake clock."""

import asyncio
import contextlib
import math
import struct
import uuid

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from phonewire.emulators.disorder import Disorder
from phonewire.emulators.voipbin import Dropped, VoipbinCall, VoipbinConference
from phonewire.wav import WavInfo, WavWriter

pytestmark = pytest.mark.usefixtures("tls")

SPEECH = struct.pack("=1600h", *(round(9000 * math.sin(n / 9)) for n in range(1600)))  # 200 ms
LITTLE = struct.pack("<1600h", *struct.unpack("=1600h", SPEECH))
FRAMES = [LITTLE[start : start + 320] for start in range(0, len(LITTLE), 320)]


def rtp(payload, payload_type=96, *, first=0x80, extra=b"", end=b""):
    return struct.pack(">BBHII", first, payload_type, 1, 1, 0) + extra + payload + end


def slin(payload, kind=0x10):
    return struct.pack(">BH", kind, len(payload)) + payload


class Client:
    """Keeps what comes, and how the connection ended."""

    def __init__(self, socket):
        self.socket, self.messages = socket, []
        self.reading = asyncio.create_task(self.read())
        self.send = socket.send

    async def read(self):
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.messages.append(await self.socket.recv())

    async def end(self):
        await self.reading
        return self.socket.close_code


@contextlib.asynccontextmanager
async def dialling(phone, encapsulation):
    """Dial as any program would, over TLS where the URL says so, by the system's authorities."""
    async with connect(phone.url(encapsulation), compression=None, ping_interval=None) as socket:
        client = Client(socket)
        yield client
        await socket.close()
        await client.reading


@contextlib.asynccontextmanager
async def calling(encapsulation, **options):
    """A call with a client whose audio gets through."""
    async with VoipbinCall(**options) as phone, dialling(phone, encapsulation) as client:
        await phone.until(lambda: phone.attached)
        yield phone, client


@pytest.mark.parametrize(
    ("wire", "payload_type", "payload_size"), [("documented", 96, 320), ("deployed", 96, 160), ("tutorial", 0, 160)]
)
def test_rtp_is_numbered_as_the_gateway_numbers_it(on_fake_clock, audioop, wire, payload_type, payload_size):
    async def main():
        async with calling("rtp", wire=wire) as (phone, client):
            await phone.say(SPEECH)
        headers = [struct.unpack(">BBHII", message[:12]) for message in client.messages]
        expected = [(0x80, payload_type, 1 + n, payload_size * (1 + n), 0) for n in range(len(headers))]
        assert headers == expected
        audio = b"".join(message[12:] for message in client.messages)
        assert len(audioop.ulaw2lin(audio, 2) if payload_size == 160 else audio) == len(phone.said)

    on_fake_clock(main)


@pytest.mark.parametrize("wire", ["documented", "deployed", "tutorial"])
@pytest.mark.parametrize(("encapsulation", "header_size"), [("sln", 0), ("audiosocket", 3)])
def test_speech_to_the_client(on_fake_clock, audioop, wire, encapsulation, header_size):
    async def main():
        async with calling(encapsulation, wire=wire) as (phone, client):
            await phone.say(SPEECH)
        coded = wire == "deployed"
        size = 160 if coded else 320
        header = b"" if encapsulation == "sln" else struct.pack(">BH", 0x10, size)
        assert {(message[:header_size], len(message)) for message in client.messages} == {(header, header_size + size)}
        audio = b"".join(message[header_size:] for message in client.messages)
        # Sample for sample what a µ-law phone hears: the tone lies within half a step of each codeword.
        heard = audioop.ulaw2lin(audio, 2) if coded else audio
        assert SPEECH in phone.said
        size = len(phone.said) // 2
        differences = zip(struct.unpack(f"<{size}h", heard), struct.unpack(f"={size}h", phone.said), strict=True)
        assert all(abs(one - other) <= (256 if coded else 0) for one, other in differences)

    on_fake_clock(main)


@pytest.mark.parametrize("wire", ["documented", "deployed"])
@pytest.mark.parametrize(("encapsulation", "pack"), [("rtp", rtp), ("sln", bytes), ("audiosocket", slin)])
def test_samples_from_the_client_reach_the_phone_frame_by_frame(on_fake_clock, wire, encapsulation, pack):
    async def main():
        async with calling(encapsulation, wire=wire) as (phone, client):
            for frame in FRAMES:
                await client.send(pack(frame))
            await phone.until(lambda: len(phone.heard) >= len(SPEECH))
            assert phone.heard == SPEECH
            assert phone.frame_sizes == [160] * 10

    on_fake_clock(main)


def test_the_tutorials_packets_are_codewords_both_ways(on_fake_clock, audioop):
    async def main():
        codewords = bytes(range(160))
        async with calling("rtp", wire="tutorial") as (phone, client):
            await client.send(rtp(codewords, 0))
            await phone.until(lambda: phone.heard)
            assert phone.heard == audioop.ulaw2lin(codewords, 2)

    on_fake_clock(main)


def test_silence_flows_from_the_first_connection_on(on_fake_clock):
    async def main():
        async with VoipbinCall() as phone:
            await asyncio.sleep(5)
            assert not phone.said
            async with dialling(phone, "sln") as client:
                await asyncio.sleep(1)
            assert 49 <= len(client.messages) <= 51
            assert set(client.messages) == {bytes(320)}
            await asyncio.sleep(1)  # nobody is connected, and the phone goes on
            assert len(phone.said) / 16 == pytest.approx(2000, abs=40)

    on_fake_clock(main)


def test_what_comes_before_asterisk_has_dialled_is_lost_without_a_word(on_fake_clock):
    async def main():
        async with VoipbinCall(attach_s=0.3) as phone, dialling(phone, "sln") as client:
            await client.send(FRAMES[0])
            await asyncio.sleep(0.2)
            assert (client.messages, phone.heard, phone.dropped) == ([], b"", {Dropped.EARLY: 1})
            await asyncio.sleep(0.2)
            await client.send(FRAMES[1])
            await phone.until(lambda: phone.heard)
            assert phone.heard == SPEECH[320:640]
            assert client.messages

    on_fake_clock(main)


NOTHING = {
    "text": ("rtp", "hello", Dropped.TEXT),
    "another payload type": ("rtp", rtp(FRAMES[0], 0), Dropped.PAYLOAD_TYPE),
    "a truncated header": ("rtp", rtp(b"")[:11], Dropped.BAD_PACKET),
    "sources that are not there": ("rtp", rtp(b"", first=0x81), Dropped.BAD_PACKET),
    "an extension that is not there": ("rtp", rtp(b"\0\0\0\1", first=0x90), Dropped.BAD_PACKET),
    "more padding than there is": ("rtp", rtp(b"\xff", first=0xA0), Dropped.BAD_PACKET),
    "padding of 0": ("rtp", rtp(b"\1\2\0", first=0xA0), Dropped.BAD_PACKET),
    "nothing behind the header": ("rtp", rtp(b""), Dropped.EMPTY),
    "an empty message": ("sln", b"", Dropped.EMPTY),
    "audio of 16 kHz": ("audiosocket", slin(bytes(640), 0x12), Dropped.SAMPLE_RATE),
    "an encapsulation that is none": ("opus", FRAMES[0], Dropped.ENCAPSULATION),
    "no encapsulation": (None, FRAMES[0], Dropped.ENCAPSULATION),
}


@pytest.mark.parametrize("what", NOTHING)
def test_what_cannot_be_used_is_dropped_and_nobody_is_told(on_fake_clock, what):
    async def main():
        encapsulation, message, why = NOTHING[what]
        async with calling(encapsulation) as (phone, client):
            await client.send(message)
            await asyncio.sleep(1)
            assert phone.dropped == {why: 1}
            assert not phone.heard
            assert phone.attached == 1
            assert bool(client.messages) == (why is not Dropped.ENCAPSULATION)

    on_fake_clock(main)


def test_a_header_is_cut_off_whatever_its_length(on_fake_clock):
    async def main():
        sources, extension = bytes(8), b"\xbe\xde\0\1" + bytes(4)
        async with calling("rtp") as (phone, client):
            await client.send(rtp(FRAMES[0], first=0xB2, extra=sources + extension, end=b"\0\0\3"))
            await client.send(rtp(FRAMES[1], 96 | 0x80, first=0x00))  # a marker; and pion looks at no version
            await phone.until(lambda: len(phone.heard) >= 640)
            assert phone.heard == SPEECH[:640]

    on_fake_clock(main)


def test_a_whole_prompt_in_one_message_is_one_frame_and_a_longer_one_ends_the_gateway(on_fake_clock):
    async def main():
        async with calling("sln") as (phone, client):
            await client.send(bytes(65_534))
            await client.send(bytes(65_536))
            assert await client.end() == 1006
            assert phone.frame_sizes == [32_767]

    on_fake_clock(main)


def test_audiosocket_is_a_stream_in_which_frames_may_be_cut_anywhere(on_fake_clock):
    async def main():
        stream = b"".join(map(slin, FRAMES))
        async with calling("audiosocket") as (phone, client):
            for start in range(0, len(stream), 100):
                await client.send(stream[start : start + 100])
            await client.send(slin(FRAMES[0]) * 3)
            await phone.until(lambda: len(phone.frame_sizes) >= 13)
            assert phone.heard == SPEECH + SPEECH[:320] * 3

    on_fake_clock(main)


@pytest.mark.parametrize(
    "message", [FRAMES[3], bytes(320), slin(b""), slin(b"5", 0x03)], ids=["speech", "silence", "empty", "a key"]
)
def test_audio_without_a_header_brings_asterisk_out_of_step(on_fake_clock, message):
    async def main():
        async with calling("audiosocket") as (phone, client):
            await client.send(message)
            assert await client.end() == 1006
            assert not phone.heard

    on_fake_clock(main)


def test_a_length_that_is_none_makes_asterisk_wait(on_fake_clock):
    async def main():
        async with calling("audiosocket") as (phone, client):
            await client.send(b"\x10\xff\xff" + FRAMES[0])
            await client.send(slin(FRAMES[1]))
            await asyncio.sleep(5)
            assert not phone.heard
            assert phone.attached

    on_fake_clock(main)


def test_the_end_of_a_call_is_no_goodbye_and_it_cannot_be_dialled_again(on_fake_clock):
    async def main():
        async with calling("rtp") as (phone, client):
            await phone.hang_up()
            assert await client.end() == 1006
            with pytest.raises(InvalidStatus) as refused:
                await connect(phone.url())
            assert refused.value.response.status_code == 404

    on_fake_clock(main)


def test_a_client_may_leave_and_come_back(on_fake_clock):
    async def main():
        async with VoipbinCall() as phone:
            for connections in (1, 2):
                async with dialling(phone, "rtp") as client:
                    await phone.until(lambda: phone.attached)
                    await asyncio.sleep(0.1)
                assert client.messages[0][2:4] == b"\0\1"  # numbers begin anew
                assert phone.connections == connections
                await phone.until(lambda: not phone.attached)

    on_fake_clock(main)


def test_connections_are_cut_every_so_often_and_the_call_goes_on(on_fake_clock):
    async def main():
        async with VoipbinCall(cut_every_s=2) as phone:
            for _ in range(3):
                began_s = asyncio.get_running_loop().time()
                async with dialling(phone, "sln") as client:
                    assert await client.end() == 1006
                    assert asyncio.get_running_loop().time() - began_s == pytest.approx(2, abs=0.05)
            assert phone.connections == 3

    on_fake_clock(main)


WHO = {
    "nobody": ("", {}, 401, b"AUTHENTICATION_REQUIRED"),
    "somebody else": ("&token=other", {}, 401, b"INVALID_CREDENTIALS"),
    "another bearer": ("", {"Authorization": "Bearer other"}, 401, b"INVALID_CREDENTIALS"),
}


@pytest.mark.parametrize("who", WHO)
def test_who_may_not_is_refused_before_there_is_a_websocket(on_fake_clock, who):
    query, headers, status, error = WHO[who]

    async def main():
        async with VoipbinCall(token="secret") as phone:
            url = phone.url().replace("&token=secret", query)
            with pytest.raises(InvalidStatus) as refused:
                await connect(url, additional_headers=headers)
            assert (refused.value.response.status_code, phone.refused) == (status, [status])
            assert error in refused.value.response.body
            assert phone.connections == 0

    on_fake_clock(main)


@pytest.mark.parametrize(
    ("place", "status"),
    [("calls/7", 400), (f"calls/{uuid.UUID(int=7)}", 404), ("conferences/{id}", 404), ("recordings/{id}", 404)],
)
def test_a_place_where_nothing_is(on_fake_clock, place, status):
    async def main():
        async with VoipbinCall() as phone:
            url = phone.url().replace(f"calls/{phone.call_id}", place.format(id=phone.call_id))
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)
            assert refused.value.response.status_code == status

    on_fake_clock(main)


def test_a_token_in_the_url_or_as_a_bearer_lets_in_and_403_who_may_not(on_fake_clock):
    async def main():
        async with VoipbinCall(token="a b&c") as phone:
            async with dialling(phone, "rtp"):
                assert phone.connections == 1
            bare = phone.url().split("&token=")[0]
            async with connect(bare, additional_headers={"Authorization": "Bearer a b&c"}):
                await phone.until(lambda: phone.connections == 2)
        async with VoipbinCall(token="secret", permitted=False) as phone:
            with pytest.raises(InvalidStatus) as refused:
                await connect(phone.url())
            assert refused.value.response.status_code == 403

    on_fake_clock(main)


def test_the_payload_type_can_change_in_mid_call_both_ways(on_fake_clock):
    async def main():
        async with calling("rtp", payload_type=0) as (phone, client):
            await client.send(rtp(FRAMES[0], 0))
            await asyncio.sleep(0.1)
            phone.payload_type = 96
            await client.send(rtp(FRAMES[1], 0))
            await client.send(rtp(FRAMES[2], 96))
            await asyncio.sleep(0.1)
        types = [message[1] for message in client.messages]
        assert types == sorted(types)
        assert set(types) == {0, 96}
        assert phone.heard == SPEECH[:320] + SPEECH[640:960]
        assert phone.dropped == {Dropped.PAYLOAD_TYPE: 1}

    on_fake_clock(main)


def test_disorder_is_what_it_says_it_was(on_fake_clock):
    async def main():
        disorder = Disorder(loss=0.05, reorder=0.02, duplicate=0.01, seed=3)
        async with calling("rtp", disorder=disorder) as (_, client):
            await asyncio.sleep(20)
        numbers = [int.from_bytes(message[2:4], "big") - 1 for message in client.messages]
        sent = max(numbers) + 1
        assert sorted(set(range(sent)) - set(numbers)) == [place for place in disorder.lost if place < sent]
        assert [n for n in sorted(set(numbers)) if numbers.count(n) == 2] == disorder.duplicated
        overtaken = [n for place, n in enumerate(numbers) if n < max(numbers[: place + 1])]
        assert set(overtaken) - set(disorder.duplicated) <= set(disorder.reordered)
        assert 30 <= len(disorder.lost) <= 70
        assert disorder.reordered
        assert disorder.duplicated

    on_fake_clock(main)


def test_several_people_in_a_conference_are_heard_together(on_fake_clock):
    async def main():
        async with VoipbinConference() as conference, dialling(conference, "sln") as client:
            assert "/v1.0/conferences/" in conference.url()
            async with asyncio.TaskGroup() as talking:
                talking.create_task(conference.say(struct.pack("=160h", *[1000] * 160), who="one"))
                talking.create_task(conference.say(struct.pack("=160h", *[-300] * 160), who="two"))
                talking.create_task(conference.say(struct.pack("=160h", *[32_767] * 160), who="three"))
            await conference.say(struct.pack("=160h", *[5] * 160), who="one")
            await asyncio.sleep(0.1)
        loud = [message[:2] for message in client.messages if any(message)]
        assert loud == [struct.pack("<h", 32_767), struct.pack("<h", 5)]

    on_fake_clock(main)


def tone(value, frames=1):
    return struct.pack("<h", value) * 160 * frames


def levels(client):
    return [struct.unpack("<h", message[-2:])[0] for message in client.messages if any(message[12:])]


def test_streams_of_a_conference_hear_each_other_and_not_themselves(on_fake_clock):
    async def main():
        async with (
            VoipbinConference() as conference,
            dialling(conference, "sln") as one,
            dialling(conference, "rtp") as two,
            dialling(conference, "audiosocket") as silent,
        ):
            await conference.until(lambda: conference.attached == 3)
            await one.send(tone(1000))
            await two.send(rtp(tone(30_000)))
            await conference.say(tone(5))
            await one.send(tone(7, frames=2))
            await asyncio.sleep(0.1)
            assert [levels(each) for each in (one, two, silent)] == [[30_005], [1005, 7, 7], [31_005, 7, 7]]
            assert conference.heard == tone(1000) + tone(30_000) + tone(7, frames=2)
            await one.send(tone(9, frames=10))
            await one.socket.close()  # what it has not said yet is not said
            await asyncio.sleep(0.1)
            await silent.send(slin(tone(11)))
            await asyncio.sleep(0.1)
            assert [each for each in levels(two) if each != 9] == [1005, 7, 7, 11]

    on_fake_clock(main)


def test_a_conference_keeps_10_s_of_a_stream_that_sends_a_file_at_once(on_fake_clock):
    async def main():
        async with (
            VoipbinConference() as conference,
            dialling(conference, "sln") as one,
            dialling(conference, "sln") as two,
        ):
            await conference.until(lambda: conference.attached == 2)
            for value in range(1, 601):
                await one.send(tone(value))
            await asyncio.sleep(15)
            assert levels(two)[-500:] == list(range(101, 601))
            assert len(levels(two)) < 505

    on_fake_clock(main)


def test_a_wav_file_can_be_said_and_what_is_heard_meanwhile_comes_back(on_fake_clock, tmp_path):
    async def main():
        with WavWriter(tmp_path / "hello.wav", WavInfo("s16le", 8000, 1)) as writer:
            writer.write(LITTLE)
        async with calling("sln") as (phone, client):
            await phone.say(tmp_path / "hello.wav")
            assert bytes(phone.said).endswith(SPEECH)
            await client.send(FRAMES[0])
            assert await phone.listen(seconds=1) == SPEECH[:320]

    on_fake_clock(main)


def test_who_waits_for_what_never_comes_is_told_that_the_call_is_over(on_fake_clock):
    async def main():
        async with calling("sln") as (phone, _):
            waiting = asyncio.create_task(phone.until(lambda: False))
            await asyncio.sleep(0.1)
            await phone.hang_up()
            with pytest.raises(ConnectionError, match="over"):
                await waiting
            await phone.say(SPEECH)
            await phone.wait_closed()

    on_fake_clock(main)


def test_another_wire_is_no_wire():
    with pytest.raises(ValueError, match="wire is one of tutorial, documented, deployed, got 'auto'"):
        VoipbinCall(wire="auto")


def test_shares_of_disorder_are_shares():
    with pytest.raises(ValueError, match="shares are 0 to 1 in all"):
        Disorder(loss=0.9, reorder=0.2)


async def test_it_is_dialled_over_real_sockets_too_and_over_tls(tls):
    async with calling("audiosocket", tls=tls) as (phone, client):
        assert phone.url().startswith("wss:" if tls else "ws:")
        await client.send(slin(FRAMES[0]))
        await phone.until(lambda: phone.heard)
        assert phone.heard == SPEECH[:320]
        await phone.hang_up()
        assert await client.end() == 1006
