"""What the tests of calls inside other web servers stand on."""

import contextlib

import pytest

import phonewire
from tests.aio.conftest import eventually, virtual  # noqa: F401 - fixtures of the tests that run here, too
from tests.web.sites import SITES, wait


@pytest.fixture(params=SITES)
def site(request, tls):
    """Take calls on one endpoint, without TLS and with it: ``async with site(protocol="twilio") as served``."""

    @contextlib.asynccontextmanager
    async def serve(handler=wait, *, protocol="twilio", path="/twilio", auth=None, limits=None, prefix="", **options):
        endpoint = phonewire.Endpoint(path, protocol, auth=auth, **options.pop("endpoint", {}))
        limits = phonewire.Limits(**limits or {})
        async with SITES[request.param]([endpoint], handler, prefix, limits=limits, tls=tls, **options) as served:
            yield served

    return serve
