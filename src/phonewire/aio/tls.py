"""A server's certificate, which can be read again while it runs, and the authorities that a client trusts."""

from __future__ import annotations

import os
import ssl
from functools import cache
from os import PathLike

__all__ = ["Tls", "client_context"]


def client_context() -> ssl.SSLContext:
    """Return what trusts the system's authorities; made once, because to read them holds up every call for 30 ms."""
    return _trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _trusting(_file: str | None, _directory: str | None) -> ssl.SSLContext:
    return ssl.create_default_context()  # it looks at both by itself


class Tls:
    """A server's certificate and key.

    Args:
        certificate: PEM file with the certificate and its chain.
        key: PEM file with the private key, not encrypted; None when it is in the same file.

    Attributes:
        context: what connections are made with; further settings are yours.

    Raises:
        OSError: a file cannot be read; ``ssl.SSLError`` when it is not what it should be or the two do not belong
            together.
    """

    def __init__(self, certificate: str | PathLike[str], key: str | PathLike[str] | None = None) -> None:
        self._certificate = certificate
        self._key = key
        self.context = self._load(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))

    def reload(self) -> None:
        """Read the files again: for handshakes from now on; calls that go on keep what they have.

        Raises:
            OSError: as above; the certificate that was in use stays in use.
        """
        # Aside first: OpenSSL takes the pair in two steps, and a context with half of it would refuse everybody.
        self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        self._load(self.context)

    def _load(self, context: ssl.SSLContext) -> ssl.SSLContext:
        # With a password, if a wrong one: OpenSSL would ask the terminal for it, and everything would wait.
        context.load_cert_chain(self._certificate, self._key, password="")
        return context
