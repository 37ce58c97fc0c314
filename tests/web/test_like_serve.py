"""The call layer's own tests of `phonewire.serve`, with other web servers in its place, and on the fake clock."""

import pytest

import phonewire
from tests.aio import test_audio_connector, test_audiohook_call
from tests.aio.server import test_external_media, test_server, test_voipbin_server
from tests.aio.test_audiohook_call import run  # noqa: F401 - a fixture
from tests.web.sites import SITES

pytestmark = pytest.mark.usefixtures("phonewire_clock", "instead_of_serve")

MODULES = (
    test_audio_connector,
    test_audiohook_call,
    test_external_media,
    test_server,
    test_voipbin_server,
)

# Tests that are about something else than calls of a server, and why.
LEFT_OUT = {
    "test_a_whole_prompt_in_one_message_is_heard_in_time": "much work, and none of it in the transport",
    "test_a_whole_prompt_in_one_packet_is_heard_in_time": "much work, and none of it in the transport",
    "test_a_long_prompt_stays_without_a_gap_at_the_rate_that_it_needs": "much work, and none of it in the transport",
    "test_the_limits_are_never_exceeded_whatever_a_program_does": "much work, and none of it in the transport",
    "test_garbage_instead_of_http_leaves_no_traceback": "a web server answers for itself",
    "test_a_file_sent_unpaced_makes_its_sender_wait_and_is_all_heard": "pings are the web server's",
    "test_little_is_kept_of_what_comes_too_early": "pings are the web server's",
    "test_what_answers_is_told_apart": "the client, with servers of its own",
    "test_arguments_that_make_no_sense": "the arguments of serve",
    "test_an_endpoint_of_no_known_protocol_is_told_before_the_server_starts": "the arguments of serve",
    "test_an_address_that_is_none_is_told_at_once": "the arguments of serve",
}
for module in MODULES:
    globals().update(
        (name, each) for name, each in vars(module).items() if name[:5] == "test_" and name not in LEFT_OUT
    )


def test_what_is_left_out_is_there():
    assert all(any(hasattr(module, name) for module in MODULES) for name in LEFT_OUT)


class StandIn:
    """What `phonewire.serve` returns, with another web server below."""

    def __init__(self, site, handler, endpoints, options):
        self._site = site(endpoints, handler, "", **options)

    async def __aenter__(self):
        self._served = await self._site.__aenter__()
        return self

    async def __aexit__(self, *exc):
        await self._site.__aexit__(*exc)

    async def close(self, drain_s=5.0):
        await self._served.calls.close(drain_s)

    @property
    def url(self):
        return self._served.url

    @property
    def port(self):
        return self._served.port

    @property
    def calls(self):
        return self._served.calls.calls

    @property
    def refused(self):
        return self._served.calls.refused

    @property
    def handler_errors(self):
        return self._served.calls.handler_errors


@pytest.fixture(params=SITES)
def instead_of_serve(request, monkeypatch):
    def serve(handler, *_, endpoints, **options):
        return StandIn(SITES[request.param], handler, endpoints, options)

    monkeypatch.setattr(phonewire, "serve", serve)
