"""AudioHook sessions, as Genesys' documents have them: what each side says, and when."""

import json

import msgspec
import pytest

from phonewire import g711
from phonewire.errors import LimitExceededError, LocalProtocolError
from phonewire.protocols import audiohook as ah
from phonewire.protocols.audiohook import duration
from tests.protocols.audiohook_pair import (
    AGENT,
    CONVERSATION,
    CUSTOMER,
    OFFERS,
    OPEN,
    OPENING,
    ORGANIZATION,
    PROBE,
    SESSION,
    STEREO,
    Pair,
    answer,
    kinds,
    message,
    opened_server,
    said,
)


class TestTheSessionOfTheDocuments:
    """protocols' example, message by message, as somebody else wrote it."""

    def test_server(self):
        server = ah.Connection(ah.Side.SERVER)
        (event,) = server.receive(message("open", OPENING), text=True)
        assert (event.conversation_id, server.call_id, server.state) == (CONVERSATION, CONVERSATION, ah.State.OPEN)
        assert said(server) == [
            {
                "version": "2",
                "id": SESSION,
                "type": "opened",
                "seq": 1,
                "clientseq": 1,
                "parameters": {"media": OFFERS, "startPaused": False},
            }
        ]
        assert server.tracks == ("external", "internal")
        external, internal = server.receive(bytes([1, 2, 3, 4]), text=False)
        assert (external.track, external.payload, external.timestamp_ms) == ("external", b"\x01\x03", 0)
        assert (internal.track, internal.payload, internal.timestamp_ms) == ("internal", b"\x02\x04", 0)
        assert server.receive(message("ping", seq=2, heard=1, position="PT1.0S"), text=True) == [ah.Ping()]
        assert server.receive(message("ping", {"rtt": "PT0.045S"}, seq=3, heard=1), text=True) == [ah.Ping(45_000)]
        assert said(server) == [
            {"version": "2", "id": SESSION, "type": "pong", "seq": 2, "clientseq": 2, "parameters": {}},
            {"version": "2", "id": SESSION, "type": "pong", "seq": 3, "clientseq": 3, "parameters": {}},
        ]
        events = server.receive(message("close", {"reason": "end"}, seq=4, heard=3, position="PT38.4S"), text=True)
        assert events == [ah.Close("end"), ah.Ended(ah.EndReason.STOPPED)]
        assert kinds(said(server)) == ["closed"]
        assert server.receive_eof(1000) == []
        assert server.state is ah.State.CLOSED

    def test_client(self):
        pair = Pair()
        pair.client.send_payload(bytes(3200))
        pair.pump()
        pair.client.close()
        pair.pump()
        texts = [json.loads(data) for side, data, text in pair.wire if text and side is ah.Side.CLIENT]
        assert kinds(texts) == ["open", "close"]
        first, last = texts
        assert (first["seq"], first["serverseq"], first["position"]) == (1, 0, "PT0S")
        assert [one["channels"] for one in first["parameters"]["media"]] == [list(one.channels) for one in OPEN.media]
        assert (last["seq"], last["serverseq"], last["position"], last["parameters"]) == (
            2,
            1,
            "PT0.2S",
            {"reason": "end"},
        )
        assert pair.heard[pair.client][-1] == ah.Ended(ah.EndReason.CLOSED)

    def test_what_the_platform_tells(self):
        server = ah.Connection(ah.Side.SERVER)
        server.receive(message("open", OPENING | {"inputVariables": {"lang": "de"}, "new": 1}), text=True)
        assert server.parameters == {
            "ani": "+1-555",
            "aniName": "J",
            "dnis": "+1-800",
            "language": "en-US",
            "sessionId": SESSION,
            "lang": "de",
        }


class TestProbe:
    def test_is_answered_and_is_no_call(self):
        pair = Pair(opening=PROBE)
        assert pair.heard[pair.client] == [ah.Opened(())]
        assert pair.heard[pair.server] == []
        assert not pair.client.may_send_media
        pair.client.close()
        assert pair.pump() == ([ah.Closed(), ah.Ended(ah.EndReason.CLOSED)], [ah.Ended(ah.EndReason.STOPPED)])


class TestNegotiation:
    @pytest.mark.parametrize(
        ("channels", "chosen"),
        [
            (None, STEREO),
            ([("external",)], CUSTOMER),
            ([("internal",), ("external", "internal")], AGENT),
            ([("internal", "external"), ("external",)], CUSTOMER),
        ],
    )
    def test_a_server_takes_what_it_likes_best(self, channels, chosen):
        pair = Pair(channels=channels)
        assert pair.heard[pair.client] == [ah.Opened((chosen,))]
        assert pair.server.tracks == chosen.channels
        assert pair.client.media_format == ah.MediaFormat("ulaw", 8000, len(chosen.channels))

    def test_the_answer_is_to_the_letter_what_was_offered(self):
        strange = {"rate": 8000, "channels": ["external"], "format": "L16", "type": "audio", "since": [1]}
        server = ah.Connection(ah.Side.SERVER)
        server.receive(message("open", OPENING | {"media": [{**OFFERS[0], "format": "OPUS"}, strange]}), text=True)
        (opened,) = said(server)
        assert opened["parameters"]["media"] == [strange]
        assert server.media_format == ah.MediaFormat("s16le", 8000, 1)

    @pytest.mark.parametrize("change", [{"format": "OPUS"}, {"rate": 16000}, {"type": "video"}, {"channels": ["both"]}])
    def test_nothing_that_is_known_is_turned_away(self, change):
        server = ah.Connection(ah.Side.SERVER)
        (event,) = server.receive(message("open", OPENING | {"media": [OFFERS[0] | change]}), text=True)
        assert event.reason is ah.RejectReason.WRONG_FORMAT
        (goodbye,) = said(server)
        assert (goodbye["type"], goodbye["parameters"]["reason"]) == ("disconnect", "error")
        assert server.receive_eof(1000) == [ah.Ended(ah.EndReason.FAILED)]

    @pytest.mark.parametrize("media", [[{**OFFERS[0], "rate": 16000}], [OFFERS[0], OFFERS[0]]])
    def test_a_client_refuses_what_it_did_not_offer(self, media):
        client = ah.Connection(ah.Side.CLIENT, session_id=SESSION)
        client.send(OPEN)
        said(client)
        (event,) = client.receive(answer("opened", {"media": media}), text=True)
        assert event.reason is ah.RejectReason.WRONG_FORMAT
        error, close = said(client)
        assert (error["type"], error["parameters"]["code"]) == ("error", 415)
        assert (close["type"], close["parameters"]) == ("close", {"reason": "error"})

    def test_languages(self):
        asking = msgspec.structs.replace(OPEN, supported_languages=True)
        pair = Pair(opening=asking, supported_languages=["en-US", "de-DE"])
        (opened,) = pair.heard[pair.client]
        assert opened.supported_languages == ("en-US", "de-DE")


class TestWhoDialled:
    @pytest.mark.parametrize(
        "options", [{"session_id": ORGANIZATION}, {"organization_id": SESSION}], ids=["session", "organization"]
    )
    def test_open_must_be_as_the_handshake_said(self, options):
        pair = Pair(**options)
        (event,) = pair.heard[pair.server][:1]
        assert event.reason is ah.RejectReason.WRONG_STREAM
        assert ah.Disconnect("unauthorized", "open is not as the handshake said") in pair.heard[pair.client]
        assert pair.heard[pair.server][-1] == ah.Ended(ah.EndReason.FAILED)
        assert pair.heard[pair.client][-1] == ah.Ended(ah.EndReason.REFUSED)

    def test_who_is_not_authentic_is_told_before_open(self):
        pair = Pair(open_it=False)
        pair.server.send(ah.Disconnect("unauthorized"))
        pair.client.send(OPEN)  # it crosses the goodbye
        pair.pump()
        assert [type(event) for event in pair.heard[pair.server]] == [ah.Ended]
        assert kinds(json.loads(d) for side, d, _ in pair.wire if side is ah.Side.SERVER) == ["disconnect", "closed"]


class TestAudio:
    def test_each_channel_is_what_was_said_there(self):
        pair = Pair()
        external, internal = bytes(range(200)), bytes(reversed(range(200)))
        both = bytes(byte for pair_ in zip(external, internal, strict=True) for byte in pair_)
        for start in range(0, 400, 80):
            pair.client.send_payload(both[start : start + 80])
        _, heard = pair.pump()
        assert b"".join(e.payload for e in heard if e.track == "external") == external
        assert b"".join(e.payload for e in heard if e.track == "internal") == internal
        assert [e.timestamp_ms for e in heard if e.track == "internal"] == [0, 5, 10, 15, 20]

    def test_linear_stereo(self):
        offer = ah.MediaOffer(format="L16", channels=("external", "internal"))
        pair = Pair(opening=msgspec.structs.replace(OPEN, media=(offer,)))
        pair.client.send_payload(b"\x01\x00\x02\x00\x03\x00\x04\x00")
        _, (external, internal) = pair.pump()
        assert (external.payload, internal.payload) == (b"\x01\x00\x03\x00", b"\x02\x00\x04\x00")
        assert external.media_format == ah.MediaFormat("s16le", 8000, 1)

    def test_samples_are_encoded(self):
        pair = Pair(channels=[("external",)])
        samples = bytes(range(160))
        pair.client.send_audio(samples)
        _, (media,) = pair.pump()
        assert media.payload == g711.ulaw_encode(samples)

    @pytest.mark.parametrize(("payload", "reason"), [(b"", "empty_payload"), (b"\x00" * 3, "bad_length")])
    def test_what_is_no_audio_is_skipped(self, payload, reason):
        server = opened_server()
        (event,) = server.receive(payload, text=False)
        assert event.reason == reason
        assert server.receive(bytes(4), text=False)
        assert said(server) == []

    def test_a_monitor_takes_no_audio(self):
        pair = Pair()
        with pytest.raises(LocalProtocolError, match="a server sends no audio"):
            pair.server.send_audio(bytes(320))
        (event,) = pair.client.receive(bytes(160), text=False)
        assert event.reason is ah.RejectReason.NOT_ALLOWED
        assert said(pair.client)[0]["parameters"]["code"] == 415

    @pytest.mark.parametrize("size", [0, 64_001])
    def test_sizes_that_are_not_sent(self, size):
        pair = Pair(ah.CONNECTOR)
        with pytest.raises(LocalProtocolError, match=f"1 to 64000 bytes of audio, got {size}"):
            pair.server.send_payload(bytes(size))
        assert pair.server.data_to_send() == []

    def test_a_client_sends_whole_groups(self):
        with pytest.raises(LocalProtocolError, match="a multiple of 2 bytes, got 3"):
            Pair().client.send_payload(bytes(3))

    def test_too_long_a_message_ends_the_connection(self):
        server = opened_server(max_message_size=1000)
        with pytest.raises(LimitExceededError, match="1000"):
            server.receive(bytes(1001), text=False)
        assert server.state is ah.State.CLOSED
        assert server.receive(bytes(10), text=False) == []
        assert server.receive_eof() == [ah.Ended(ah.EndReason.FAILED)]


class TestMediaTime:
    def test_a_pause_is_counted(self):
        pair = Pair()
        pair.client.send_payload(bytes(1600))  # 100 ms
        pair.server.send(ah.Pause())
        pair.server.send(ah.Pause())
        client_heard, server_heard = pair.pump()
        assert client_heard == [ah.Pause(), ah.Pause()]
        assert server_heard[2:] == [ah.Paused(), ah.Paused()]
        with pytest.raises(LocalProtocolError, match="paused"):
            pair.client.send_payload(bytes(1600))
        pair.now_ns += 250_000_000
        pair.server.send(ah.Resume())
        _, (resumed,) = pair.pump()
        assert resumed == ah.Resumed(100_000, 250_000)
        pair.client.send_payload(bytes(1600))
        _, (external, _internal) = pair.pump()
        assert external.timestamp_ms == 350
        assert (pair.server.position.us, pair.client.position.us) == (450_000, 450_000)

    def test_who_holds_the_audio_himself_goes_on_himself(self):
        pair = Pair()
        pair.client.send(ah.Paused())
        pair.server.send(ah.Resume())
        client_heard, server_heard = pair.pump()
        assert client_heard == [ah.Resume()]
        assert server_heard == [ah.Paused(), ah.Paused()]
        pair.client.send(ah.Resumed(ah.Microseconds(0), ah.Microseconds(5_000_000)))
        pair.pump()
        assert pair.server.position.ms == pair.client.position.ms == 5000
        assert not pair.server.paused

    def test_audio_in_a_pause_breaks_the_protocol(self):
        server = opened_server()
        server.receive(message("paused", seq=2, heard=1), text=True)
        (event,) = server.receive(bytes(16), text=False)
        assert event.detail == "audio while the session is paused"
        assert said(server)[0]["parameters"]["reason"] == "error"

    def test_what_is_discarded_is_counted(self):
        pair = Pair()
        pair.client.send_payload(bytes(320))
        pair.client.skip_audio(80)
        pair.client.send_payload(bytes(320))
        _, heard = pair.pump()
        assert heard[2] == ah.Discarded(20_000, 80_000)
        assert [event.timestamp_ms for event in heard if isinstance(event, ah.Media)] == [0, 0, 100, 100]

    def test_drift_is_told(self):
        server = opened_server()
        server.receive(bytes(1600), text=False)
        server.receive(message("ping", seq=2, heard=1, position="PT0.125S"), text=True)
        assert server.position.drift_us == 25_000
        server.receive(message("ping", seq=3, heard=1, position="PT0.1S"), text=True)
        assert server.position.drift_us == 0

    def test_a_session_may_begin_paused(self):
        client = ah.Connection(ah.Side.CLIENT, session_id=SESSION)
        client.send(OPEN)
        client.receive(answer("opened", {"media": OFFERS, "startPaused": True}), text=True, now_ns=5)
        said(client)
        with pytest.raises(LocalProtocolError, match="paused"):
            client.send_payload(bytes(16))
        client.receive(answer("resume", seq=2), text=True, now_ns=1_000_000_005)
        assert said(client)[0]["parameters"] == {"start": "PT0S", "discarded": "PT1S"}


class TestDurations:
    @pytest.mark.parametrize(
        ("text", "us"),
        [("PT0S", 0), ("PT12.3S", 12_300_000), ("PT.5S", 500_000), ("PT0.000125S", 125), ("PT1.0000009S", 1_000_000)],
    )
    def test_read(self, text, us):
        assert duration.microseconds(text) == us

    @pytest.mark.parametrize("text", ["", "PT", "PTS", "PT1M", "P1D", "PT-1S", "PT1,5S", "PT1.S", "pt1s", "PT1S\n", 1])
    def test_not_one(self, text):
        with pytest.raises(ValueError, match="not a duration"):
            duration.microseconds(text)

    @pytest.mark.parametrize(
        ("us", "text"), [(0, "PT0S"), (125, "PT0.000125S"), (12_300_000, "PT12.3S"), (10**11, "PT100000S")]
    )
    def test_written(self, us, text):
        assert duration.duration(us) == text

    def test_none_is_negative(self):
        with pytest.raises(ValueError, match="at least 0 µs, got -1"):
            duration.duration(-1)


class TestAudioConnector:
    def test_audio_goes_both_ways(self):
        pair = Pair(ah.CONNECTOR, channels=[("external",)])
        pair.server.send_payload(bytes(range(160)))
        (media,), _ = pair.pump()
        assert (media.payload, media.track) == (bytes(range(160)), None)

    def test_a_caller_barges_in(self):
        pair = Pair(ah.CONNECTOR)
        pair.server.send_clear()
        (notice,), _ = pair.pump()
        assert notice == ah.Notice((ah.BargeIn(),))
        _, data, _ = pair.wire[-1]
        assert json.loads(data)["parameters"] == {"entities": [{"type": "barge_in", "data": {}}]}

    def test_only_there(self):
        with pytest.raises(LocalProtocolError, match="nothing to clear"):
            Pair().server.send_clear()
        with pytest.raises(LocalProtocolError, match="sends no dtmf"):
            Pair().client.send(ah.Dtmf("1"))
        with pytest.raises(LocalProtocolError, match="no marks"):
            Pair(ah.CONNECTOR).server.send_mark("one")

    def test_keys_and_playback(self):
        pair = Pair(ah.CONNECTOR)
        sent = [ah.Dtmf("5"), ah.PlaybackStarted(), ah.PlaybackCompleted()]
        for event in sent:
            pair.client.send(event)
        assert pair.pump() == ([], sent)

    @pytest.mark.parametrize("digit", ["A", "12", "", "\u0665"])
    def test_keys_that_are_none(self, digit):
        server = opened_server(dialect=ah.CONNECTOR)
        (event,) = server.receive(message("dtmf", {"digit": digit}, seq=2, heard=1), text=True)
        assert event.detail == "dtmf.digit is not one of 0-9, * and #"

    def test_output_variables(self):
        pair = Pair(ah.CONNECTOR)
        pair.server.send(ah.Disconnect("completed", output_variables={"intent": "pay"}))
        client_heard, server_heard = pair.pump()
        assert client_heard[0].output_variables == {"intent": "pay"}
        assert client_heard[-1] == ah.Ended(ah.EndReason.COMPLETED)
        assert server_heard == [ah.Close("disconnect"), ah.Ended(ah.EndReason.CLOSED)]


class TestNotices:
    def test_entities_there_and_back(self):
        pair = Pair()
        sent = ah.Notice(
            (
                ah.Transcript(
                    id="1",
                    channel_id=0,
                    is_final=True,
                    alternatives=({"confidence": 0.9},),
                    offset_us=ah.Microseconds(125),
                ),
                ah.BotTurnResponse(disposition="match", text="yes", confidence=1.0),
                ah.BargeIn(),
                ah.OtherEntity("agentassist", {"id": 1}),
            )
        )
        pair.server.send(sent)
        (heard,), _ = pair.pump()
        assert heard == sent
        _, data, _ = pair.wire[-1]
        first = json.loads(data)["parameters"]["entities"][0]
        assert first == {
            "type": "transcript",
            "data": {
                "id": "1",
                "channelId": 0,
                "isFinal": True,
                "alternatives": [{"confidence": 0.9}],
                "offset": "PT0.000125S",
            },
        }

    def test_the_rest(self):
        pair = Pair()
        pair.client.send(ah.Update("de-DE"))
        assert pair.pump() == ([ah.Updated()], [ah.Update("de-DE")])
        pair.client.send(ah.Error(429, "slower", ah.Microseconds(1_500_000)))
        pair.server.send(ah.Reconnect("elsewhere"))
        assert pair.pump() == ([ah.Reconnect("elsewhere")], [ah.Error(429, "slower", 1_500_000)])


class TestPings:
    def test_are_sent_and_answered(self):
        pair = Pair()
        pair.pass_time(16.5)
        pings = [(e.rtt_us is not None) for e in pair.heard[pair.server] if isinstance(e, ah.Ping)]
        assert pings == [False, True, True, True, True]  # at 1 s twice, then every 5 s
        assert pair.client.rtt_us == 0

    def test_round_trip(self):
        client = ah.Connection(ah.Side.CLIENT, session_id=SESSION)
        client.send(OPEN)
        client.receive(answer("opened", {"media": OFFERS}), text=True, now_ns=0)
        assert client.next_deadline_ns() == 1_000_000_000
        client.handle_timeout(1_000_000_000)
        client.receive(answer("pong", seq=2, heard=2), text=True, now_ns=1_045_000_000)
        assert client.rtt_us == 45_000
        said(client)
        client.handle_timeout(1_045_000_000)
        (ping,) = said(client)
        assert ping["parameters"] == {"rtt": "PT0.045S"}

    def test_a_server_that_does_not_answer_is_left(self):
        client = ah.Connection(ah.Side.CLIENT, session_id=SESSION)
        client.send(OPEN)
        client.receive(answer("opened", {"media": OFFERS}), text=True, now_ns=0)
        said(client)
        client.handle_timeout(1_000_000_000)
        client.handle_timeout(5_999_999_999)
        assert kinds(said(client)) == ["ping"]
        client.handle_timeout(6_000_000_000)
        error, close = said(client)
        assert (error["parameters"]["code"], close["parameters"]["reason"]) == (408, "error")
        assert client.next_deadline_ns() is None

    def test_a_server_that_does_not_open_is_left(self):
        client = ah.Connection(ah.Side.CLIENT, session_id=SESSION)
        client.connected(0)
        client.send(OPEN)
        said(client)
        assert client.next_deadline_ns() == 5_000_000_000
        client.handle_timeout(5_000_000_000)
        assert kinds(said(client)) == ["error", "close"]

    def test_a_pong_to_no_ping(self):
        pair = Pair()
        (event,) = pair.client.receive(answer("pong", seq=2, heard=1), text=True)
        assert event.detail == "a pong to no ping"


class TestEnds:
    @pytest.mark.parametrize(
        ("reason", "ended"),
        [("end", "stopped"), ("reconnect", "stopped"), ("error", "refused"), ("disconnect", "closed")],
    )
    def test_a_clients_close(self, reason, ended):
        server = opened_server()
        assert server.receive(message("close", {"reason": reason}, seq=2, heard=1), text=True)[-1] == ah.Ended(ended)
        assert server.receive_eof(1000) == []

    @pytest.mark.parametrize(("code", "ended"), [(1006, "dropped"), (1000, "dropped"), (1008, "refused")])
    def test_without_a_goodbye(self, code, ended):
        server = opened_server()
        assert server.receive_eof(code) == [ah.Ended(ended)]
        assert server.receive_eof(code) == []

    def test_a_server_says_goodbye_and_waits(self):
        pair = Pair()
        pair.server.close()
        assert pair.server.state is ah.State.CLOSING
        pair.client.send_payload(bytes(160))  # it crosses the goodbye
        client_heard, server_heard = pair.pump()
        assert client_heard == [ah.Disconnect("completed"), ah.Closed(), ah.Ended(ah.EndReason.COMPLETED)]
        assert server_heard == [ah.Close("disconnect"), ah.Ended(ah.EndReason.CLOSED)]

    def test_nothing_goes_out_after_that(self):
        pair = Pair(ah.CONNECTOR)
        pair.server.close()
        pair.server.close()
        assert kinds(said(pair.server)) == ["disconnect"]
        for send in (lambda: pair.server.send_payload(bytes(160)), lambda: pair.server.send(ah.Pause())):
            with pytest.raises(LocalProtocolError, match="closing"):
                send()


class TestSending:
    def test_what_is_none_of_ours(self):
        pair = Pair()
        with pytest.raises(LocalProtocolError, match="a server sends no open"):
            pair.server.send(OPEN)
        with pytest.raises(LocalProtocolError, match="no open can be sent now"):
            pair.client.send(OPEN)
        with pytest.raises(LocalProtocolError, match="Ended is no event"):
            pair.server.send(ah.Ended(ah.EndReason.CLOSED))

    def test_what_json_cannot_say(self):
        pair = Pair()
        for event in (ah.Reconnect("\ud800"), ah.Disconnect("error", object())):
            with pytest.raises(LocalProtocolError, match="can not be written as JSON"):
                pair.server.send(event)
        assert pair.server.data_to_send() == []
        pair.server.send(ah.Pause())
        assert said(pair.server)[0]["seq"] == 2
