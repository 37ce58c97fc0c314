"""Disks that are slow, full or broken: the recording suffers, the call does not."""

import asyncio
import errno
import io
import json
import logging
import os
import shutil
import subprocess

import pytest

from phonewire.aio.events import RecordingFailed
from phonewire.aio.recording.folder import Folder
from phonewire.protocols import twilio
from phonewire.protocols.connection import EndReason
from phonewire.wav import WavReader
from tests.aio.sounds import speech


def read(path, channel=None):
    with WavReader(path) as reader:
        return reader.read(channel)


async def talk(phone, audio):
    for start in range(0, len(audio), 160):
        await asyncio.sleep(0.02)
        phone.say(audio[start : start + 160])


async def converse(call, phone, ms=3000):
    """Speak on both ends at the same time, then hang up; return when each message went, and what was heard."""
    talking = asyncio.create_task(talk(phone, speech(ms)))
    await call.write_payload(speech(ms, seed=2))
    await talking
    await call.drain()
    phone.send(twilio.Stop())
    assert await call.wait_ended() is EndReason.STOPPED
    return call._line.transport.written_at, phone.audio


class Faults:
    """A disk on which the operation with a number fails: the only one, or the first of all that follow."""

    def __init__(self, number, *, for_good=True, code=errno.EIO):
        self.number, self.for_good, self.code = number, for_good, code
        self.count = 0

    def pass_or_fail(self):
        self.count += 1
        if self.count == self.number or (self.for_good and self.count > self.number):
            raise OSError(self.code, os.strerror(self.code))

    def install(self, monkeypatch):
        faults = self

        class File(io.FileIO):
            def write(self, data):
                faults.pass_or_fail()
                return super().write(data)

            def read(self, size=-1):
                faults.pass_or_fail()
                return super().read(size)

            def truncate(self, size=None):
                faults.pass_or_fail()
                return super().truncate(size)

        create = Folder.create

        def failing_create(folder, name):
            faults.pass_or_fail()
            with create(folder, name) as file:
                return File(os.dup(file.fileno()), "r+b")

        monkeypatch.setattr(Folder, "create", failing_create)
        for name in ("publish", "replace", "remove"):
            monkeypatch.setattr(Folder, name, self.failing(getattr(Folder, name)))

    def failing(self, operation):
        def operate(*args):
            self.pass_or_fail()
            return operation(*args)

        return operate


# Slow.


@pytest.mark.parametrize("disk_s", [0, 0.1, 2, 1000])
def test_a_slow_disk_does_not_move_a_single_frame(virtual, on_the_phone, tmp_path, disk_s):
    async def main(recorded):
        async with on_the_phone() as (call, phone):
            asyncio.get_running_loop().thread_s = disk_s
            if recorded:
                call.record(tmp_path, outbound=True)
            return await converse(call, phone)

    assert virtual(main(recorded=True)) == virtual(main(recorded=False))


@pytest.mark.parametrize("disk_s", [0.3, 2, 9])
def test_a_slow_disk_loses_nothing(virtual, on_the_phone, tmp_path, disk_s):
    async def main():
        async with on_the_phone() as (call, phone):
            asyncio.get_running_loop().thread_s = disk_s
            recording = call.record(tmp_path / "call.wav", tracks="separate", outbound=True)
            await converse(call, phone, ms=30_000)
            await recording.closed()
            assert recording.lost_ms == 0

    virtual(main())
    assert read(tmp_path / "call.wav", 1)[: 8 * 30_000] == speech(30_000)
    assert read(tmp_path / "call.wav", 2).strip(b"\xff") == speech(30_000, seed=2)


def test_a_disk_that_hangs_costs_what_does_not_fit_the_buffer_and_nothing_else(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone() as (call, phone):
            loop = asyncio.get_running_loop()
            recording = call.record(tmp_path / "call.wav")
            await talk(phone, speech(1000))
            loop.thread_s = 14
            await talk(phone, speech(1000, seed=2))
            loop.thread_s = 0
            await talk(phone, speech(18_000, seed=3))
            phone.send(twilio.Stop())
            await call.wait_ended()
            await recording.closed()
            assert 2000 < recording.lost_ms < 5000
            return recording.lost_ms

    lost_ms = virtual(main())
    recorded = read(tmp_path / "call.wav")
    said = speech(1000) + speech(1000, seed=2) + speech(18_000, seed=3)
    assert len(recorded) == len(said), "nothing moved"
    first_lost, last_lost = recorded.index(b"\xff"), recorded.rindex(b"\xff")
    assert last_lost + 1 - first_lost == 8 * lost_ms
    assert recorded.replace(b"\xff", b"") == said[:first_lost] + said[last_lost + 1 :]
    told = json.loads((tmp_path / "call.json").read_text())
    assert told["lost_ms"] == lost_ms
    assert told["gaps"] == [
        {"track": "inbound", "at_ms": first_lost // 8, "missing_ms": lost_ms, "filled_ms": lost_ms}
    ]  # fmt: skip


def test_a_sender_that_can_wait_waits_for_a_slow_disk(virtual, on_the_phone, tmp_path):
    async def main():
        async with on_the_phone("das-peak") as (call, phone):
            asyncio.get_running_loop().thread_s = 1
            call.record(tmp_path / "call.wav")
            for start in range(0, len(speech(60_000)), 768):
                phone.say(speech(60_000)[start : start + 768])
            await asyncio.sleep(10)
            assert call.stats().ms_in < 10_000
            phone.transport.vanish()
            await call.wait_ended()

    virtual(main())
    assert read(tmp_path / "call.wav") == speech(60_000)


# Full and broken.


def check_failed(call_events, caplog, path, reason):
    failed = [event for event in call_events if isinstance(event, RecordingFailed)]
    assert failed == [RecordingFailed(str(path), reason)]
    (record,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert record.getMessage() == f"call CA1: its recording failed: {reason}"
    assert (record.event, record.call_id, record.reason) == ("recording_failed", "CA1", reason)
    assert not record.exc_info


def run_with_faults(virtual, on_the_phone, path, caplog, **options):
    """Hold a whole conversation that must not notice; return the events of the call."""

    async def main():
        async with on_the_phone() as (call, phone):
            recording = call.record(path, **options)
            written_at, heard = await converse(call, phone, ms=600)
            assert heard == speech(600, seed=2)
            assert len(written_at) == 30
            error = None
            try:
                await recording.closed()
            except OSError as exc:
                error = exc
            return [event async for event in call.events()], error

    caplog.clear()
    return virtual(main())


@pytest.mark.parametrize(("code", "for_good"), [(errno.ENOSPC, True), (errno.EIO, False)], ids=["full", "bad block"])
def test_every_operation_may_fail(virtual, on_the_phone, tmp_path, caplog, monkeypatch, code, for_good):
    """One operation after the other; what was written before can be read, and nothing is said twice."""
    number = failures = most = 0
    while True:
        number += 1
        directory = tmp_path / f"{number}"
        directory.mkdir()
        with monkeypatch.context() as patched:
            faults = Faults(number, for_good=for_good, code=code)
            faults.install(patched)
            path = directory / "call.wav"
            events, error = run_with_faults(
                virtual, on_the_phone, path, caplog, outbound=True, tracks="separate", max_minutes=0.4 / 60
            )
        if faults.count < number:
            assert error is None
            break
        failures += 1
        check_failed(events, caplog, path, os.strerror(code))
        assert isinstance(error, OSError)
        kept = {}  # a file may have two names when the old one could not be removed
        for file in directory.glob("*.wav"):
            if file.stat().st_size:  # nothing is in one whose header could not be written
                recorded = read(file, 1).rstrip(b"\xff")
                begin = 3200 if "002" in file.name else 0
                assert recorded == speech(600)[begin : begin + len(recorded)]
                kept[begin] = len(recorded)
        most = max(most, sum(kept.values()))
    assert failures >= 30
    assert most == len(speech(600)), "what fails at the very end costs no audio"


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 KiB."""
    directory = tmp_path / "tiny"
    directory.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k,nr_inodes=16", "tmpfs", directory], capture_output=True, timeout=30
    )
    if made.returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    yield directory
    subprocess.run(["umount", directory], check=True, timeout=30)


def test_a_real_disk_that_is_full(virtual, on_the_phone, tiny_disk, caplog):
    async def main():
        async with on_the_phone() as (call, phone):
            call.record(tiny_disk / "call.wav")
            await converse(call, phone, ms=10_000)
            return [event async for event in call.events()]

    check_failed(virtual(main()), caplog, tiny_disk / "call.wav", "No space left on device")
    recorded = read(tiny_disk / "call.wav")
    assert len(recorded) >= 8 * 5000
    assert recorded == speech(10_000)[: len(recorded)]
    (tiny_disk / "call.wav").unlink()


def test_a_bug_in_the_recorder_ends_no_call(virtual, on_the_phone, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("phonewire.aio.recording.part.RecordingPart.put", lambda *args: 1 / 0)

    async def main():
        async with on_the_phone() as (call, phone):
            recording = call.record(tmp_path / "call.wav")
            _, heard = await converse(call, phone)
            assert heard == speech(3000, seed=2)
            with pytest.raises(ZeroDivisionError):
                await recording.closed()

    virtual(main())
    assert [record.exc_info is None for record in caplog.records] == [False]
