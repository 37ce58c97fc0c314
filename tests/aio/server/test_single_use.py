"""Ids that are good for one call each, over AudioSocket and over VoIPBIN's streams."""

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

import phonewire

UUID = "5f0c1b3e-9a4d-4e7f-8b21-001122334455"
OTHER = "00010203-0405-0607-0809-0a0b0c0d0e0f"


async def wait(call):
    await call.wait_ended()


async def came_through(server, call_id):
    """Dial as Asterisk does; return whether anything is said to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"\x01\x00\x10" + bytes.fromhex(call_id.replace("-", "")))
    heard = await reader.read(1)
    writer.close()
    return heard == b"\x10"


def test_a_uuid_is_good_for_one_call(virtual):
    async def main():
        expected = phonewire.SingleUse([UUID])
        async with phonewire.serve_audiosocket(wait, call_ids=expected, addresses=None) as server:
            assert not await came_through(server, OTHER)
            assert await came_through(server, UUID)
            assert not await came_through(server, UUID)
            expected.add(OTHER)
            assert sorted(await asyncio.gather(*(came_through(server, OTHER) for _ in range(5)))) == [False] * 4 + [
                True
            ]
            assert len(expected) == 0
            assert server.refused == {phonewire.Refusal.UNEXPECTED_CALL: 6}

    virtual(main())


def test_a_path_is_good_for_one_call(virtual, tls):
    async def main():
        endpoint = phonewire.Endpoint("/{id}", "voipbin", auth=None, call_ids=phonewire.SingleUse(UUID))
        async with phonewire.serve(wait, endpoints=[endpoint]) as server:
            url = f"{server.url}/{UUID}?encapsulation=sln"
            async with connect(url) as websocket:
                assert len(await websocket.recv()) == 320
            async with connect(url) as websocket:
                with pytest.raises(ConnectionClosed):
                    await websocket.recv()
                assert websocket.close_code == 1008

    virtual(main())


async def test_what_is_discarded_is_not_expected():
    expected = phonewire.SingleUse([UUID])
    expected.discard(UUID)
    expected.discard(UUID)
    assert not await expected(UUID)
