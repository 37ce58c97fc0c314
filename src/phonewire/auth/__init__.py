"""Who may open a stream: Twilio's and AudioHook's signatures, keys in a header, and tokens.

Everything here is a pure function of the request and the time, checked before a WebSocket is accepted. Whatever is
wrong, the answer is the same `AuthenticationError` after the same work: a missing or unknown secret costs what a wrong
one does, and comparisons take the same time wherever the difference is.
"""

from typing import TYPE_CHECKING, Any

from phonewire.auth.api_key import ApiKey
from phonewire.auth.request import Authenticator, Request, Verified
from phonewire.auth.secret import Secret
from phonewire.auth.token import Token
from phonewire.auth.twilio import TwilioSignature, sign_twilio

if TYPE_CHECKING:
    from phonewire.auth.audiohook import AudioHookSignature, sign_audiohook

__all__ = [
    "ApiKey",
    "AudioHookSignature",
    "Authenticator",
    "Request",
    "Secret",
    "Token",
    "TwilioSignature",
    "Verified",
    "sign_audiohook",
    "sign_twilio",
]


def __getattr__(name: str) -> Any:
    # Its library is an extra, which only those need who take calls from Genesys.
    if name not in ("AudioHookSignature", "sign_audiohook"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from phonewire.auth import audiohook

    return getattr(audiohook, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
