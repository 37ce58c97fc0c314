"""Whether a server's certificate will do: it is shown to clients in memory, as it would be shown to a platform."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import phonewire
from phonewire.cli.doctor.check import Check, Status

__all__ = ["certificate"]

_NAME = "certificate"
_SOON_DAYS = 14
_HANDSHAKE_STEPS = 8  # TLS 1.3 has done with three


def certificate(chain: Path, key: Path | None, host: str | None) -> Iterator[Check]:
    """Yield what is to be said about it.

    Args:
        chain: PEM file.
        key: PEM file; None when it is in the same one.
        host: that clients call; None when it was not said.
    """
    try:
        tls = phonewire.Tls(chain, key)
    except OSError as error:
        yield _unusable(error)
        return
    try:
        found = _shown(tls.context, _trusting(chain))
    except ssl.SSLCertVerificationError as error:
        yield Check(_NAME, Status.FAILED, error.verify_message, "renew it; SIGHUP has `phonewire serve` read it again")
        return
    yield _described(found)
    if host is not None:
        yield _named(tls.context, chain, host)
    yield _trusted(tls.context)


def _unusable(error: OSError) -> Check:
    if not isinstance(error, ssl.SSLError):
        return Check(_NAME, Status.FAILED, error.strerror or type(error).__name__)
    if error.reason == "KEY_VALUES_MISMATCH":
        return Check(
            _NAME, Status.FAILED, "certificate and key do not belong together", "give the key it was made with"
        )
    detail = f"certificate or key cannot be used: {error.reason or 'it is no PEM file'}"
    return Check(_NAME, Status.FAILED, detail, "PEM files; the key without a passphrase")


def _described(found: dict[str, Any]) -> Check:
    names = ", ".join(value for _, value in found.get("subjectAltName", ())) or "nobody"
    days = int((ssl.cert_time_to_seconds(found["notAfter"]) - time.time()) // 86_400)
    detail = f"for {names}; {days} days left, until {found['notAfter']}"
    if days < _SOON_DAYS:
        return Check(_NAME, Status.WARNING, detail, "renew it; SIGHUP has `phonewire serve` read it again")
    return Check(_NAME, Status.OK, detail)


def _named(server: ssl.SSLContext, chain: Path, host: str) -> Check:
    try:
        _shown(server, _trusting(chain), host)
    except ssl.SSLCertVerificationError:
        return Check("certificate's name", Status.FAILED, f"it is not for {host}", "platforms hang up on it")
    return Check("certificate's name", Status.OK, f"it is for {host}")


def _trusted(server: ssl.SSLContext) -> Check:
    try:
        _shown(server, ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        remedy = "platforms do not trust it either, unless you told them to; are its intermediates in the file?"
        return Check("certificate's issuer", Status.WARNING, error.verify_message, remedy)
    return Check("certificate's issuer", Status.OK, "this machine's authorities trust it")


def _trusting(chain: Path) -> ssl.SSLContext:
    """Return a client that trusts just this certificate, whoever signed it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(chain)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _shown(server: ssl.SSLContext, client: ssl.SSLContext, host: str | None = None) -> dict[str, Any]:
    """Return the certificate as a client sees it, or raise what the client would."""
    client.check_hostname = host is not None
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for step in range(_HANDSHAKE_STEPS):
        try:
            sides[step % 2].do_handshake()
        except ssl.SSLWantReadError:
            continue
    return sides[0].getpeercert() or {}
