"""What is known about a call before its first message."""

from __future__ import annotations

import msgspec

from phonewire.aio.outbound.settings import OutboundSettings

__all__ = ["CallSettings"]


class CallSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the endpoint or `connect` decided about a call.

    Attributes:
        protocol: name of the protocol, as given to `Endpoint` or `connect`.
        outbound: how audio is sent.
        lossless: inbound audio may come faster than real time: a slow reader makes the far end wait.
        buffers: inbound audio may come faster than real time, and this side plays it when its time comes (a phone
            platform).
        spread: inbound audio that comes faster than real time is spread over the time that it lasts.
        no_media_s: how long the far end may send no audio before `NoMedia` is told; None for any time.
        listen_only: nothing is sent, not even silence.
        dtmf_in_audio: keys are found in the audio.
        peer_closes: this side says goodbye, and leaves it to the far end to close the connection.
    """

    protocol: str
    outbound: OutboundSettings
    lossless: bool = False
    buffers: bool = False
    spread: bool = False
    no_media_s: float | None = None
    listen_only: bool = False
    dtmf_in_audio: bool = False
    peer_closes: bool = False
