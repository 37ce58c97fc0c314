"""Who may open a stream: Twilio's signature, and keys in a header.

Everything here is a pure function of the request and the time, checked before a WebSocket is accepted. Whatever is
wrong, the answer is the same `AuthenticationError` after the same work: a missing or unknown secret costs what a wrong
one does, and comparisons take the same time wherever the difference is.
"""

from phonewire.auth.api_key import ApiKey
from phonewire.auth.request import Authenticator, Request, Verified
from phonewire.auth.secret import Secret
from phonewire.auth.twilio import TwilioSignature, sign_twilio

__all__ = ["ApiKey", "Authenticator", "Request", "Secret", "TwilioSignature", "Verified", "sign_twilio"]
