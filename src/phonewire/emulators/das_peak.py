"""das-Peak's sender, as its published client behaves: ``start``, then all the audio as fast as the socket takes it.

The consumer closes when it has enough, anywhere: that is success.

Source: das-Peak Streaming, "Other Platforms".
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import uuid
from os import PathLike

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from phonewire._typing import Buffer
from phonewire.emulators.dial import dial
from phonewire.emulators.speech import ulaw
from phonewire.protocols import twilio
from phonewire.protocols.connection import Side

__all__ = ["DasPeakSender"]

# 1,024 characters of base64.
_PIECE_BYTES = 768
# No code is documented: normal, going away, none given, and a connection that just ends all mean "enough".
_ENOUGH = {1000, 1001, 1005, 1006}


class DasPeakSender:
    """Send audio to a das-Peak consumer.

    Args:
        url: where to dial, ``ws://`` or ``wss://``.
        apikey: for the header of that name; None sends no header.
        call_id: the call's id from the signalling; None makes a new one.
        tls: for ``wss://``; None verifies against the system's authorities.

    Attributes:
        call_id: as announced.
        sent_bytes: audio handed to the connection before it closed.
        completed: the consumer closed after the first media, and not with an error code.
        close_code: with which it closed, 1006 if the connection broke; None before.
    """

    def __init__(
        self, url: str, *, apikey: str | None = None, call_id: str | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.call_id = call_id or str(uuid.uuid4())
        self.sent_bytes = 0
        self.completed = False
        self.close_code: int | None = None
        self._url = url
        self._headers = {} if apikey is None else {"apikey": apikey}
        self._tls = tls
        self._connection = twilio.Connection(Side.CLIENT, dialect=twilio.DAS_PEAK)

    async def send(self, source: str | PathLike[str] | Buffer) -> bool:
        """Send everything, or until the consumer has enough; return `completed`.

        Waits for the close without limit, as the published client does; ``asyncio.timeout`` bounds it.

        Args:
            source: µ-law codewords, or the path of a WAV file, 8 kHz mono.

        Raises:
            CodecError: the file is no such WAV file; nothing is sent.
            websockets.exceptions.InvalidStatus: the consumer refused; its ``response.status_code`` says how.
        """
        audio = ulaw(source)
        async with dial(self._url, self._headers, self._tls) as socket:
            with contextlib.suppress(ConnectionClosed):
                await self._send(socket, audio)
                await socket.recv()
            await socket.wait_closed()
        self.close_code = socket.close_code
        self.completed = self.sent_bytes > 0 and self.close_code in _ENOUGH
        return self.completed

    async def _send(self, socket: ClientConnection, audio: bytes) -> None:
        self._connection.send(twilio.Start(call_sid=self.call_id))
        await self._flush(socket)
        for offset in range(0, len(audio), _PIECE_BYTES):
            piece = audio[offset : offset + _PIECE_BYTES]
            self._connection.send_payload(piece)
            await self._flush(socket)
            self.sent_bytes += len(piece)
            await asyncio.sleep(0)  # the socket takes a lot before it makes us wait, and the close wants to be read

    async def _flush(self, socket: ClientConnection) -> None:
        for data, text in self._connection.data_to_send():
            await socket.send(data, text=text)
