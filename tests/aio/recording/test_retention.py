"""Keeping a directory of recordings within bounds: the oldest go, and nothing that is not ours."""

import asyncio
import logging
import os

import pytest

import phonewire
from phonewire.aio.recording.retention import Retention

DAY_S = 86_400
NOW_S = 1_800_000_000.0


def put(directory, number, *, size=1000, age_s=0.0, suffixes=(".wav", ".json")):
    """Make the files of a recording, as if it had ended *age_s* ago."""
    for suffix in suffixes:
        path = directory / f"20260101T000000Z-{number:06d}-0123abcd{suffix}"
        path.write_bytes(bytes(size if suffix.endswith(".wav") else 10))
        os.utime(path, (NOW_S - age_s, NOW_S - age_s))


def numbers(directory):
    return sorted({int(path.name.split("-")[1]) for path in directory.iterdir()})


def test_removes_what_is_too_old_with_all_that_belongs_to_it(tmp_path):
    put(tmp_path, 1, age_s=31 * DAY_S)
    put(tmp_path, 2, age_s=31 * DAY_S, suffixes=("-001.wav", "-002.wav", ".json"))
    put(tmp_path, 3, age_s=29 * DAY_S)
    assert len(Retention(tmp_path, max_age_days=30).sweep(NOW_S)) == 5
    assert numbers(tmp_path) == [3]
    assert Retention(tmp_path, max_age_days=30).sweep(NOW_S) == []


def test_a_recording_is_as_old_as_its_last_file(tmp_path):
    put(tmp_path, 1, age_s=31 * DAY_S, suffixes=("-001.wav",))
    put(tmp_path, 1, age_s=29 * DAY_S, suffixes=("-002.wav", ".json"))
    assert Retention(tmp_path, max_age_days=30).sweep(NOW_S) == []


def test_removes_the_oldest_until_the_rest_fits(tmp_path):
    for number in range(10):
        put(tmp_path, number, size=990, age_s=(10 - number) * 60)
    assert len(Retention(tmp_path, max_bytes=4000).sweep(NOW_S)) == 12
    assert numbers(tmp_path) == [6, 7, 8, 9]


def test_never_touches_what_is_being_recorded_but_counts_it(tmp_path):
    put(tmp_path, 1, size=10_000, age_s=3000, suffixes=(".part.wav", ".json"))
    put(tmp_path, 2, age_s=100 * DAY_S, suffixes=("-001.wav", ".json"))
    put(tmp_path, 2, age_s=10, suffixes=("-002.part.wav",))
    put(tmp_path, 3, age_s=60)
    assert Retention(tmp_path, max_bytes=1, max_age_days=0.01).sweep(NOW_S)
    assert numbers(tmp_path) == [1, 2]


def test_what_a_killed_process_left_goes_like_the_rest(tmp_path):
    put(tmp_path, 1, age_s=7200, suffixes=(".part.wav", ".json", ".part.json"))
    assert len(Retention(tmp_path, max_bytes=1).sweep(NOW_S)) == 3
    assert list(tmp_path.iterdir()) == []


def test_never_touches_what_is_not_ours(tmp_path):
    names = [
        "notes.txt",
        "call.wav",
        "20260101T000000Z-000001-0123ABCD.wav",
        "20260101T000000Z-000001-0123abcd.wav.bak",
    ]
    for name in names:
        (tmp_path / name).write_bytes(bytes(1000))
        os.utime(tmp_path / name, (0, 0))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"precious")
    (tmp_path / "20260101T000000Z-000002-0123abcd.wav").symlink_to(outside / "precious")
    (tmp_path / "20260101T000000Z-000003-0123abcd.wav").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert Retention(tmp_path, max_bytes=1, max_age_days=1).sweep(NOW_S) == []
    assert sorted(tmp_path.rglob("*")) == before


def test_without_bounds_nothing_goes(tmp_path):
    put(tmp_path, 1, age_s=10_000 * DAY_S)
    assert Retention(tmp_path).sweep(NOW_S) == []


@pytest.mark.parametrize("bounds", [{"max_age_days": 0}, {"max_bytes": -1}, {"every_s": 0}, {"every_s": float("nan")}])
def test_a_bound_is_positive(tmp_path, bounds):
    ((name, bound),) = bounds.items()
    with pytest.raises(ValueError, match=f"{name} is above 0, got {bound}"):
        Retention(tmp_path, **bounds)


def test_a_server_sweeps_from_its_beginning_to_its_end(virtual, tmp_path):
    async def main():
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        retention = Retention(tmp_path, max_age_days=1, every_s=60)
        put(tmp_path, 1, age_s=NOW_S)
        server = phonewire.serve(hang_up, endpoints=[endpoint], retention=retention)
        await asyncio.sleep(100)
        assert numbers(tmp_path) == [1], "it has not begun"
        async with server:
            await asyncio.sleep(1)
            assert numbers(tmp_path) == []
            put(tmp_path, 2, age_s=NOW_S)
            await asyncio.sleep(58)
            assert numbers(tmp_path) == [2], "it looks once in 60 s"
            await asyncio.sleep(2)
            assert numbers(tmp_path) == []
        put(tmp_path, 3, age_s=NOW_S)
        await asyncio.sleep(200)
        assert numbers(tmp_path) == [3], "it has ended"

    async def hang_up(call):
        del call

    virtual(main())


async def test_sweeps_beside_a_server_again_and_again(tmp_path, caplog):
    swept = asyncio.Queue()
    caplog.set_level(logging.INFO, "phonewire.retention")

    class Watched(Retention):
        def sweep(self, now_s):
            try:
                return super().sweep(now_s)
            finally:
                loop.call_soon_threadsafe(swept.put_nowait, now_s)

    loop = asyncio.get_running_loop()
    put(tmp_path, 1, age_s=NOW_S)
    async with Watched(tmp_path, max_age_days=1, every_s=0.001):
        first = await swept.get()
        assert list(tmp_path.iterdir()) == []
        tmp_path.rmdir()
        assert await swept.get() >= first
        await swept.get()  # an error ends nothing
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0] == "removed 2 files of old recordings"
    assert set(messages[1:]) == {"old recordings could not be removed: No such file or directory"}
    assert all(record.exc_info is None for record in caplog.records)
