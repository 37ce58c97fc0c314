"""A server without Redis, on the fake clock: it finds its own calls, plays to them and hangs them up."""

import errno

import pytest

import phonewire
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavInfo, WavWriter

SPEECH = bytes(range(0x60)) * 10  # 120 ms


@pytest.fixture
def prompts(tmp_path):
    folder = tmp_path / "prompts"
    folder.mkdir()
    for path in (folder / "hello.wav", tmp_path / "secret.wav"):
        with WavWriter(path, WavInfo("ulaw", 8000, 1)) as writer:
            writer.write(SPEECH)
    return folder


async def wait(call):
    await call.wait_ended()


def serving(cluster=None):
    return phonewire.serve(wait, endpoints=[phonewire.Endpoint("/twilio", "twilio", auth=None)], cluster=cluster)


def test_a_call_is_found_hears_a_prompt_and_is_hung_up(virtual, prompts):
    async def main():
        async with (
            serving(phonewire.LocalCluster("a", prompts=prompts)) as server,
            TwilioCaller(server.url + "/twilio", call_sid="CA1") as phone,
        ):
            await phone.listen(0.1)
            assert await server.cluster.where("CA1") == "a"
            assert await server.cluster.play("CA1", "hello.wav")
            await phone.listen(1)
            assert SPEECH in phone.heard
            assert await server.cluster.hang_up("CA1")
            await phone.listen(1)
            assert phone.close_code == 1000
            assert await server.cluster.where("CA1") is None

    virtual(main())


@pytest.mark.parametrize("prompt", ["nothing.wav", "../secret.wav", "", "."])
def test_what_is_not_there_is_not_played(virtual, prompts, prompt):
    async def main():
        async with (
            serving(phonewire.LocalCluster(prompts=prompts)) as server,
            TwilioCaller(server.url + "/twilio", call_sid="CA1") as phone,
        ):
            await phone.listen(0.1)
            assert not await server.cluster.play("CA1", prompt)
            assert not await server.cluster.play("CA2", "hello.wav")
            assert not await server.cluster.hang_up("CA2")
            await phone.listen(1)
            assert (phone.heard, phone.close_code) == (b"", None)

    virtual(main())


def test_a_prompt_that_cannot_be_read_is_told_in_a_line(virtual, prompts, caplog, monkeypatch):
    async def main():
        async with (
            serving(phonewire.LocalCluster(prompts=prompts)) as server,
            TwilioCaller(server.url + "/twilio", call_sid="CA1") as phone,
        ):
            await phone.listen(0.1)
            monkeypatch.setattr(phonewire.Call, "play", refuse)
            assert await server.cluster.play("CA1", "hello.wav")
            await phone.listen(1)
            assert phone.close_code is None

    async def refuse(call, path):
        raise PermissionError(errno.EACCES, "Permission denied", path.name)

    virtual(main())
    (line,) = [record for record in caplog.records if record.name in ("phonewire.cluster", "asyncio")]
    assert line.getMessage() == ("an order to a call was not carried out: [Errno 13] Permission denied: 'hello.wav'")
    assert line.exc_info is None


def test_the_cluster_of_every_server_hangs_up_and_has_no_prompts(virtual):
    async def main():
        async with serving() as server, TwilioCaller(server.url + "/twilio", call_sid="CA1") as phone:
            await phone.listen(0.1)
            assert not await server.cluster.play("CA1", "hello.wav")
            assert await server.cluster.hang_up("CA1")
            await phone.listen(1)
            assert phone.close_code == 1000

    virtual(main())
