"""The command, and consumers that know nothing of phonewire."""

import base64
import contextlib
import json
import threading

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve as serve_websocket

from tests.command import logging_as_it_was, run, serving

__all__ = ["consumer", "logging_as_it_was", "run", "serving"]


class Consumer:
    """A WebSocket server in a thread: keeps what comes, closes as it is told."""

    def __init__(self):
        self.messages = []
        self.headers = None
        self.url = ""
        self.begun = threading.Event()
        self.over = threading.Event()

    @property
    def audio(self):
        payloads = [message["media"]["payload"] for message in self.messages if message["event"] == "media"]
        return b"".join(base64.b64decode(payload, validate=True) for payload in payloads)


@pytest.fixture
def consumer():
    """Close after *enough_bytes* (of *each* call) with *code*; None never closes, a status refuses the handshake."""
    with contextlib.ExitStack() as stack:

        def start(enough_bytes=None, code=1000, status=None, each=False):
            seen = Consumer()

            def handle(socket):
                seen.headers = socket.request.headers
                seen.begun.set()
                before = len(seen.audio) if each else 0
                with contextlib.suppress(ConnectionClosed):
                    for text in socket:
                        seen.messages.append(json.loads(text))
                        if enough_bytes is not None and len(seen.audio) - before >= enough_bytes:
                            break
                    close(socket, code)
                seen.over.set()

            def refuse(socket, request):
                return None if status is None else socket.respond(status, "no\n")

            server = stack.enter_context(serve_websocket(handle, "127.0.0.1", 0, process_request=refuse))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            seen.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
            return seen

        yield start


def close(socket, code):
    if code is None:
        socket.socket.close()  # vanish
        return
    closing = threading.Thread(target=socket.close, args=(code,))
    closing.start()
    for _ in socket:  # what was under way; unread, it would hold up the closing handshake
        pass
    closing.join()
