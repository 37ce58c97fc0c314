"""docs/cluster.md: its server tells where its calls are, and the page names what there is."""

import re

import phonewire
from phonewire.emulators.twilio import TwilioCaller
from tests.aio.cluster.conftest import redis_url
from tests.docs.pages import code, page, top_level

__all__ = ["redis_url"]

PAGE = page("cluster.md")


async def test_the_server_tells_where_its_calls_are(redis_url, monkeypatch):
    async def serve_forever(server, *, stop_on_signals):
        assert stop_on_signals
        async with TwilioCaller(server.url + "/twilio") as caller:
            await caller.listen(0.1)
            where.append(await server.cluster.where(caller.call_sid))

    where = []
    monkeypatch.setattr(phonewire.Server, "serve_forever", serve_forever)
    (program,) = code(PAGE, "python")
    await top_level(program.replace("redis://10.0.0.5:6379", redis_url), "cluster")["main"]()
    assert where == ["a"]


def test_every_order_is_one():
    for name in re.findall(r"`(?:await cluster\.)?(where|hang_up|play)\b", PAGE):
        assert hasattr(phonewire.RedisCluster, name)
