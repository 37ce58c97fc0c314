"""What breaks AudioHook's protocol, and how each side says goodbye to who does it."""

import pytest

from phonewire.protocols import audiohook as ah
from tests.protocols.audiohook_pair import (
    OPENING,
    ORGANIZATION,
    Pair,
    answer,
    kinds,
    message,
    opened_server,
    said,
)


class TestViolations:
    """What ends a session: a server disconnects, a client says the error and closes."""

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"{", "not_json"),
            (b"[]", "bad_field"),
            (b"\xff", "not_json"),
            (b"[" * 5000, "bad_field"),
            (message("ping", seq=2, heard=1, version="1"), "bad_field"),
            (message("ping", seq=2, heard=1, id=ORGANIZATION), "wrong_stream"),
            (message("ping", seq=2, heard=1, id="no uuid"), "bad_field"),
            (message("ping", seq=3, heard=1), "out_of_order"),
            (message("ping", seq=1, heard=1), "out_of_order"),
            (message("ping", seq=2, heard=2), "out_of_order"),
            (message("ping", seq=2, heard=-1), "out_of_order"),
            (message("ping", seq=2, heard=None), "out_of_order"),
            (message("ping", "none", seq=2, heard=1), "bad_field"),
            (message("ping", [], seq=2, heard=1), "bad_field"),
            (message("ping", seq=2, heard=1, position="now"), "bad_field"),
            (message("ping", {"rtt": "soon"}, seq=2, heard=1), "bad_field"),
            (message("ping", seq="2", heard=1), "bad_field"),
            (message("open", OPENING, seq=2, heard=1), "out_of_order"),
            (message("opened", {"media": []}, seq=2, heard=1), "not_allowed"),
            (message("resumed", {}, seq=2, heard=1), "bad_field"),
            (message("close", {"reason": "bored"}, seq=2, heard=1), "bad_field"),
        ],
    )
    def test_server(self, data, reason):
        server = opened_server()
        (event,) = server.receive(data, text=True)
        assert event.reason == reason
        (goodbye,) = said(server)
        assert (goodbye["type"], goodbye["parameters"]["reason"]) == ("disconnect", "error")
        assert goodbye["parameters"]["info"] == event.detail
        assert server.state is ah.State.CLOSING
        # Whatever the client has counted, its goodbye is answered.
        events = server.receive(message("close", {"reason": "disconnect"}, seq=9, heard=2), text=True)
        assert events[-1] == ah.Ended(ah.EndReason.FAILED)
        assert kinds(said(server)) == ["closed"]

    def test_audio_before_the_session_is_open(self):
        server = ah.Connection(ah.Side.SERVER)
        server.receive(bytes(160), text=False)
        assert said(server)[0]["parameters"]["info"] == "audio while the session is opening"

    def test_another_message_first(self):
        server = ah.Connection(ah.Side.SERVER)
        (event,) = server.receive(message("ping"), text=True)
        assert event.detail == "ping before open"

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"{", 400),
            (answer("pong", seq=3), 409),
            (answer("ping", seq=2), 405),
            (answer("opened", {"media": []}, seq=2), 409),
            (answer("disconnect", {"reason": "because"}, seq=2), 400),
        ],
    )
    def test_client(self, data, code):
        pair = Pair()
        pair.client.receive(data, text=True)
        error, close = said(pair.client)
        assert (error["type"], error["parameters"]["code"]) == ("error", code)
        assert (close["type"], close["parameters"]) == ("close", {"reason": "error"})
        assert pair.client.receive_eof() == [ah.Ended(ah.EndReason.FAILED)]

    @pytest.mark.parametrize("kind", ["media", "hello", "", "agent_joined"])
    def test_types_that_are_not_known_are_skipped(self, kind):
        server = opened_server()
        (event,) = server.receive(message(kind, {"a": 1}, seq=2, heard=1), text=True)
        assert event.reason is ah.RejectReason.UNKNOWN_EVENT
        assert server.receive(message("ping", {"new": True}, seq=3, heard=1, more={}), text=True) == [ah.Ping()]

    def test_details_are_never_the_peers_words(self):
        server = opened_server()
        canary = "canary" * 10
        (event,) = server.receive(message("close", {"reason": canary}, seq=2, heard=1), text=True)
        assert "canary" not in event.detail
