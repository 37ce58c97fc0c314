"""What an application answers over HTTP beside the calls; on the fake clock."""

import urllib.parse

import pytest
from prometheus_client.parser import text_string_to_metric_families
from twilio.request_validator import RequestValidator

import phonewire
from phonewire.auth import TwilioSignature
from tests.web.sites import START, until

pytestmark = pytest.mark.usefixtures("phonewire_clock")

TOKEN = "12345"
FORM = {"CallSid": "CA1", "From": "+14158675309"}
ANSWER = "<Response/>"
HERE = phonewire.Observe(prefix="")


async def test_health_readiness_and_metrics(site):
    async with site(observe=HERE, limits={"calls": 1}, prefix="/voice") as served:
        status, headers, text = await served.fetch("/healthz")
        assert (status, headers["content-type"], text) == (200, "text/plain; charset=utf-8", "ok\n")
        assert (await served.fetch("/readyz"))[::2] == (200, "ready\n")
        async with served.dialed("/twilio", START):
            await until(lambda: served.calls.calls)
            assert (await served.fetch("/readyz"))[::2] == (503, "full\n")
            _, headers, text = await served.fetch("/metrics")
        assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        assert {"protocol": "twilio"} in [each.labels for each in samples if each.name == "phonewire_calls"]


async def test_nobody_is_asked_to_watch(site):
    async with site() as served:
        assert [(await served.fetch(f"/{page}"))[0] for page in ("healthz", "readyz", "metrics")] == [404] * 3


async def test_pages_on_a_port_of_their_own(site):
    async with site(observe=phonewire.Observe(address=("127.0.0.1", 0))) as served:
        assert (await served.fetch("/healthz"))[0] == 404
        served.port, served.tls = served.calls.observe_port, None  # for this machine, whatever calls come over
        assert (await served.fetch("/healthz", prefix=""))[0] == 200


async def test_a_page_of_a_browser_reads_nothing(site):
    async with site(observe=HERE) as served:
        assert (await served.fetch("/metrics", Origin="https://evil.example"))[0] == 403


@pytest.mark.parametrize(("path", "status"), [("/twilio", 426), ("/nowhere", 404), ("/", 404)])
async def test_what_is_no_handshake(site, path, status):
    async with site() as served:
        assert (await served.fetch(path))[0] == status


def webhook(taken=None):
    def respond(form):
        if taken is not None:
            taken.append(dict(form))
        return ANSWER

    return phonewire.Webhook("/form", respond, auth=TwilioSignature([TOKEN], public_url="https://voice.example.com"))


def signed(form, query=""):
    url = f"https://voice.example.com/voice/form{query}"
    return {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, form)}


async def test_a_signed_form_is_answered(site):
    taken = []
    async with site(webhooks=[webhook(taken)], prefix="/voice") as served:
        body = urllib.parse.urlencode(FORM)
        status, headers, text = await served.fetch("/form", "POST", body, **signed(FORM))
        assert (status, headers["content-type"], text) == (200, "text/xml; charset=utf-8", ANSWER)
        status, _, text = await served.fetch("/form?" + body, **signed({}, "?" + body))
        assert (status, text) == (200, ANSWER)
    assert taken == [FORM, FORM]


async def test_forms_that_are_not_answered(site):
    async with site(webhooks=[webhook()], prefix="/voice", limits={"form_bytes": 100, "handshake_s": 1.0}) as served:
        assert (await served.fetch("/form", "POST", "a=b"))[0] == 401
        assert (await served.fetch("/form", "POST", "x" * 101, **signed({})))[0] == 413
        assert (await served.fetch("/form", "PUT", "a=b"))[0] == 405
        assert (await served.fetch("/form", "POST", "a=b", **{"Content-Length": "4"}))[0] == 408
        assert served.calls.refused == {"unauthenticated": 1}
