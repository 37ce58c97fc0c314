"""docs/security.md: a copied handshake is refused as it says, and the limits and names on it are there."""

import asyncio
import pickle
import re
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

import phonewire
from phonewire import auth
from phonewire.auth import Secret, TwilioSignature, sign_twilio
from phonewire.emulators.twilio import TwilioCaller
from phonewire.twiml import connect_stream

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
TOKEN, PUBLIC = "a token", "https://calls.example.com"


def told(url, form):
    """Post a form as Twilio does."""
    signature = sign_twilio(TOKEN, f"{PUBLIC}/voice", list(form.items()))
    request = urllib.request.Request(url, urlencode(form).encode(), {"X-Twilio-Signature": signature})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


async def test_a_call_that_was_announced_comes_once():
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    async def bot(call):
        await call.wait_ended()

    names = {"phonewire": phonewire, "TwilioSignature": TwilioSignature, "connect_stream": connect_stream}
    names |= {"Mapping": Mapping, "token": TOKEN, "bot": bot}
    exec(block, names)
    async with names["server"] as server:
        page = await asyncio.to_thread(told, server.url.replace("ws", "http", 1) + "/voice", {"CallSid": "CA1"})
        assert "wss://calls.example.com/twilio" in page
        signed = {"auth_token": TOKEN, "signed_url": "wss://calls.example.com/twilio", "call_sid": "CA1"}
        async with TwilioCaller(server.url + "/twilio", **signed) as caller:
            await caller.listen(0.02)
            assert caller.close_code is None
        async with TwilioCaller(server.url + "/twilio", **signed) as copy:
            await copy.wait_closed()
            assert copy.close_code == 1008
        assert server.refused == {phonewire.Refusal.UNEXPECTED_CALL: 1}


def test_what_it_names_is_there():
    limits = set(re.findall(r"`Limits\.(\w+)`", PAGE)) | {"start_s", "unauthenticated", "unauthenticated_per_address"}
    assert limits <= set(phonewire.Limits.__struct_fields__)
    assert {"TwilioSignature", "AudioHookSignature", "ApiKey", "Token"} <= set(re.findall(r"`(\w+)`", PAGE))
    assert all(hasattr(auth, name) for name in ("TwilioSignature", "AudioHookSignature", "ApiKey", "Token", "Secret"))
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{verb}:" in makefile for verb in re.findall(r"`make ([\w-]+)`", PAGE))
    tests = re.findall(r"`(tests/[\w/.]+)`", PAGE)
    assert len(tests) > 12
    assert [name for name in tests if not (ROOT / name).exists()] == []


def test_a_secret_is_not_shown():
    secret = Secret("s3cret")
    assert (repr(secret), f"{secret}", secret.reveal()) == ("***", "***", "s3cret")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    TwilioSignature(["new", "old"])
