"""Twilio's signature.

Specification: https://www.twilio.com/docs/usage/security, read 2026-11.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hmac import digest as hmac_digest

from phonewire.auth.public_url import HOST, split_public_url
from phonewire.auth.request import Pairs, Request, Verified, pairs, verified
from phonewire.auth.secret import Secret, Secrets, same, secrets, utf8

__all__ = ["TwilioSignature", "sign_twilio"]


class TwilioSignature:
    """Twilio's ``X-Twilio-Signature`` over a stream's ``wss://`` URL, or over a webhook's ``https://`` URL and form."""

    def __init__(self, auth_tokens: Secrets, public_url: str | None = None) -> None:
        """Accept what any of some auth tokens signed.

        Args:
            auth_tokens: one or several, for rotation.
            public_url: how Twilio reaches this server through a proxy: ``https://`` or ``wss://``, host, and the
                path that the proxy takes away, if it does. The request's own path and query are appended, so that one
                public URL serves all endpoints; a URL that has the endpoint's path already is understood, too. None:
                the Host header is what Twilio called.

        Raises:
            ValueError: no token is given, or an empty one; the URL is not as above.
        """
        self._auth_tokens = secrets(auth_tokens)
        self._base = None if public_url is None else split_public_url(public_url)

    def verify(self, request: Request, now_s: float) -> Verified:
        """Return which auth token it was, or raise AuthenticationError."""
        candidate = request.header("x-twilio-signature") or ""
        signed = [url + _signed_form(request) for url in self._urls(request)]
        # Lists, not any(): every token and every URL is tried, whichever matched.
        matches = [True in [same(_sign(token, text), candidate) for text in signed] for token in self._auth_tokens]
        return verified("twilio", matches)

    def _urls(self, request: Request) -> list[str]:
        """Return every way in which Twilio may have written the URL of this request."""
        scheme = "wss" if request.form is None else "https"
        host, prefix = self._base or (request.header("host") or "", "")
        found = HOST.fullmatch(host)
        if found is None:
            return ["\0"]  # nothing that Twilio ever signs, whatever form follows
        paths = [prefix + request.target]
        if prefix and prefix == request.target.partition("?")[0].rstrip("/"):
            paths.append(request.target)
        hosts = dict.fromkeys((host, found["host"], found["host"] + ":443"))
        return [f"{scheme}://{name}{path}" for name in hosts for path in _slash_variants(paths, scheme)]


def sign_twilio(auth_token: str | Secret, url: str, form: Pairs = ()) -> str:
    """Return the ``X-Twilio-Signature`` of a request, as Twilio makes it.

    Args:
        auth_token: the account's.
        url: ``wss://`` for a stream, ``https://`` with its query for a webhook; exactly as configured at Twilio.
        form: fields of a POSTed webhook.

    Source: https://www.twilio.com/docs/usage/security, "Validating requests".
    """
    secret = auth_token if isinstance(auth_token, Secret) else Secret(auth_token)
    return _sign(secret, url + _sorted_form(pairs(form)))


def _sign(auth_token: Secret, text: str) -> str:
    # SHA-1 is Twilio's choice; as an HMAC it is not broken.
    return b64encode(hmac_digest(utf8(auth_token.reveal()), utf8(text), "sha1")).decode("ascii")


def _signed_form(request: Request) -> str:
    return _sorted_form(request.form or ()) if request.method == "POST" else ""


def _sorted_form(form: Iterable[tuple[str, str]]) -> str:
    """Return every name and value once, sorted by name, then by value, with nothing between them."""
    return "".join(name + value for name, value in sorted(set(form)))


def _slash_variants(paths: list[str], scheme: str) -> Iterator[str]:
    """Yield the paths; for a stream, whose URL may be written with a last slash or without, both."""
    for path in paths:
        yield path
        if scheme == "wss":
            yield path.removesuffix("/") if path.endswith("/") else path + "/"
