"""Secrets that are easy to find: none of them is found in what a program can show to anybody."""

import asyncio
import gc
import logging
import traceback
from base64 import b64encode

import pytest
from websockets.asyncio.client import connect as connect_websocket

import phonewire
import phonewire.aio.server.server  # what modules make when they are loaded is not looked at
from phonewire.aio.server.pages import Observe
from phonewire.aio.server.webhook import Webhook
from phonewire.auth import ApiKey, AudioHookSignature, Token, TwilioSignature
from phonewire.das_peak_request import SessionRequest
from phonewire.emulators.das_peak import DasPeakSender
from phonewire.emulators.das_peak_service import DasPeakService
from phonewire.emulators.das_peak_sessions import READY, SPOOF, SUCCESS
from phonewire.emulators.twilio import TwilioCaller

CANARY = "canary-5f1c0ffee"
KEYS = {"apikey": CANARY + "-key"}
CLIENT_SECRET = b64encode(CANARY.encode()).decode()
FRAME = bytes(160)
START = '{"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}'


@pytest.fixture
def shown(caplog):
    """Collects whatever may be seen: begins with the log at its most talkative, asyncio's too."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "phonewire")
    gc.freeze()  # so that only what begins here is looked at
    yield []
    gc.unfreeze()


def show(shown, error):
    shown += [str(error), repr(error), *traceback.format_exception(error)]
    for chained in (error.__cause__, error.__context__):
        if chained is not None:
            show(shown, chained)


async def raising(call):
    raise LookupError("a handler's own error")


async def consume(call):
    async for _ in call.frames():
        pass


def known(token):
    if token != CANARY:
        raise LookupError(f"{token} is not known")
    return "somebody"


def serve(folder):
    async def recording(call):
        call.record(folder)
        await call.write_payload(FRAME)
        await consume(call)

    return phonewire.serve(
        consume,
        endpoints=[
            phonewire.Endpoint("/twilio", "twilio", auth=TwilioSignature([CANARY]), handler=recording),
            phonewire.Endpoint("/raising", "twilio", auth=TwilioSignature([CANARY]), handler=raising),
            phonewire.Endpoint("/keyed", "das-peak", auth=ApiKey([KEYS["apikey"]])),
            phonewire.Endpoint("/open", "das-peak", auth=None),
            phonewire.Endpoint("/audiohook", "audiohook", auth=AudioHookSignature({CANARY: CLIENT_SECRET})),
            phonewire.Endpoint("/calls/{id}/media_stream", "voipbin", auth=Token(known)),
        ],
        webhooks=[Webhook("/voice", lambda fields: "", auth=TwilioSignature([CANARY]))],
        observe=Observe(prefix=""),
    )


async def attempts(server, tls, shown):
    """Try everything that has a secret, right and wrong; yield what comes of it."""

    async def twilio(path, token):
        async with TwilioCaller(server.url + path, auth_token=token) as caller:
            await caller.listen(seconds=0.1)

    async def dial(path, **options):
        async with phonewire.connect(server.url + path, protocol="das-peak", **options) as call:
            await call.write_payload(FRAME)

    async def stream(query="", headers=None, token=None):
        url = server.url + "/calls/c/media_stream?encapsulation=sln" + query
        async with phonewire.connect(url, headers=headers, token=token) as call:
            await call.write(FRAME)

    async def hook(key, secret):
        url = server.url + "/audiohook"
        async with phonewire.connect(url, headers={"X-API-KEY": key}, client_secret=secret) as call:
            shown.extend(reprs())
            await call.write_payload(FRAME * 2)

    async def register(apikey, **answer):
        """Have a voice registered at a das-Peak whose verdict is a secret, too."""
        async with DasPeakService(apikey=KEYS["apikey"], tls=tls, **answer) as service:
            words = {"ready": {READY}, "success": {SUCCESS}, "failure": {SPOOF}}
            signalling = phonewire.DasPeakSignalling(service.url, apikey=apikey, timeout_s=1, **words)
            settings = await signalling.create_audio_settings()
            asked = SessionRequest(authenticity_threshold=0.8, audio_total_duration=1, call_id="c", model_hash="m")
            session = await signalling.create_session("register", settings, asked, {"credential": CANARY})
            shown.append(repr(await signalling.wait_ready(session, timeout_s=1)))
            service.answers.append(f"HTTP/1.1 500 {CANARY}\r\nContent-Length: 4\r\n\r\n{CANARY}".encode())
            return await signalling.wait_verdict(session, timeout_s=1)

    async def token():
        return CANARY

    async def shout(path):
        """Send what is no message, and then what is one."""
        quiet = logging.getLogger("the far end")
        quiet.setLevel(logging.CRITICAL)  # what a client that is not ours logs is its own affair
        headers = KEYS | {"Authorization": CANARY}
        async with connect_websocket(server.url + path, additional_headers=headers, logger=quiet) as peer:
            await peer.send(CANARY)
            await peer.send(START)
            await peer.send(CANARY)

    async def get(path, **fields):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=server.url.startswith("wss"))
        more = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: {CANARY}\r\n{more}\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.decode()

    for attempt in (
        twilio("/twilio", CANARY),
        twilio("/twilio", CANARY + "-wrong"),
        twilio("/raising", CANARY),
        dial("/keyed", headers=KEYS),
        dial("/keyed", headers={"apikey": CANARY + "-wrong"}),
        dial("/keyed", token=CANARY),
        dial("/open", token=CANARY),
        dial("/open", token=token),
        dial("/open?token=", token=CANARY),
        dial(f"/open?token={CANARY}"),
        dial(f"/nowhere?token={CANARY}", redial=phonewire.Redial(retries=2)),
        dial("/open", token=CANARY + " is no token"),
        DasPeakSender(server.url + "/keyed", apikey=KEYS["apikey"]).send(FRAME),
        DasPeakSender(server.url + "/keyed", apikey=CANARY).send(FRAME),
        get(f"/voice?token={CANARY}"),
        get(f"/nowhere?token={CANARY}"),
        stream(token=CANARY),
        stream(token=CANARY + "-wrong"),
        stream(f"&token={CANARY}"),
        stream(f"&token={CANARY}-wrong"),
        stream(headers={"Cookie": f"token={CANARY}"}),
        stream(headers={"Cookie": f"token={CANARY}-wrong"}),
        hook(CANARY, CLIENT_SECRET),
        hook(CANARY + "-wrong", CLIENT_SECRET),
        hook(CANARY, CLIENT_SECRET + "AAAA"),
        hook(CANARY, CLIENT_SECRET[:-1] + "!"),
        shout("/keyed"),
        shout(f"/keyed?token={CANARY}"),
        get("/keyed", Origin=f"https://{CANARY}"),
        get("/metrics"),
        register(KEYS["apikey"]),
        register(CANARY),
        register(KEYS["apikey"], answer_s=2),
    ):
        try:
            yield await attempt
        except Exception as error:
            yield error


def reprs():
    """Yield how everything of phonewire's presents itself."""
    for thing in gc.get_objects():
        kind = type(thing)
        if str(kind.__module__).startswith("phonewire"):
            yield repr(thing)
            yield str(thing)


def test_no_secret_is_shown(on_fake_clock, shown, caplog, tmp_path, tls):
    async def main():
        asyncio.get_running_loop().set_debug(True)
        outcomes = 0
        async with serve(tmp_path) as server:
            async for outcome in attempts(server, tls, shown):
                outcomes += 1
                if isinstance(outcome, Exception):
                    show(shown, outcome)
                else:
                    shown.append(str(outcome))
                shown.extend(reprs())
        assert outcomes == 33

    on_fake_clock(main)
    shown += [logging.Formatter("%(message)s %(args)s").format(record) for record in caplog.records]
    shown += [repr(vars(record)) for record in caplog.records]
    shown += [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    assert any("handler raised" in text for text in shown)
    assert any("phonewire_calls" in text for text in shown)
    assert any('"call_id"' in text for text in shown), "a sidecar is among them"
    assert all(any(status in text for text in shown) for status in ("401", "403", "404"))
    assert any("not_json" in text for text in shown)
    hits = [text[:300] for text in shown if CANARY in text or CLIENT_SECRET.rstrip("=") in text]
    assert hits == []
