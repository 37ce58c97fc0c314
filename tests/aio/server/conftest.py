"""What picows has read of what came to a server, and a handshake that soon takes too long."""

import pytest


@pytest.fixture
def read_by_picows(monkeypatch):
    """Return the kinds of the frames that picows has read."""
    pytest.importorskip("picows", reason="picows: the extra of that name")
    from phonewire.aio.server import picows_connection

    kinds = []

    class Watched(picows_connection._Frames):
        def on_ws_frame(self, transport, frame):
            kinds.append(int(frame.msg_type))
            super().on_ws_frame(transport, frame)

    monkeypatch.setattr(picows_connection, "_Frames", Watched)
    return kinds


@pytest.fixture
def handshake_s(wire):
    """Return a limit that is soon over; TLS has the same, and comes to its end within it on a busy machine, too."""
    return 1 if wire.endswith("wss") else 0.2
