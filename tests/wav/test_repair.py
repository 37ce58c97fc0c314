"""Repairing headers, and writing at a position: against the standard library, sox, and files made by hand."""

import io
import shutil
import struct
import subprocess
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.errors import CodecError
from phonewire.wav import SILENCE, WavInfo, WavReader, WavWriter, repair

ENCODINGS = ["s16le", "ulaw", "alaw"]
AUDIO = bytes(range(1, 201))
HEADER_BYTES = {"s16le": 44, "ulaw": 58, "alaw": 58}


def written(payload=AUDIO, encoding="s16le", channels=1):
    file = io.BytesIO()
    with WavWriter(file, WavInfo(encoding, 8000, channels)) as writer:
        writer.write(payload)
    return file.getvalue()


def interrupted(encoding="s16le", flushed=100, channels=1):
    """Make what a killed process leaves: *flushed* bytes in the header's account, the rest only in the file."""
    file = io.BytesIO()
    writer = WavWriter(file, WavInfo(encoding, 8000, channels))
    writer.write(AUDIO[:flushed])
    writer.flush()
    writer.write(AUDIO[flushed:])
    return file.getvalue()


def repaired(data):
    file = io.BytesIO(data)
    done = repair(file)
    return file.getvalue(), done


def read(data):
    return WavReader(io.BytesIO(data)).read()


def extended(data, *chunks):
    """Add chunks behind the audio, and count them in."""
    body = data[8:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


# Repair.


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("flushed", [0, 2, 100, 198])
def test_audio_behind_the_last_flush_is_found_again(encoding, flushed):
    data = interrupted(encoding, flushed)
    assert read(data) == AUDIO[:flushed] or flushed == 0
    after, done = repaired(data)
    assert read(after) == AUDIO
    assert after == written(encoding=encoding)
    assert done.changed
    assert (done.before.audio_bytes, done.info) == (flushed, WavInfo(encoding, 8000, 1, 200))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_only_the_sizes_are_written(encoding):
    data = interrupted(encoding)
    after, _ = repaired(data)
    changed = {index for index, (old, new) in enumerate(zip(data, after, strict=True)) if old != new}
    start = HEADER_BYTES[encoding]
    fact = set() if encoding == "s16le" else set(range(start - 12, start - 8))
    assert changed <= set(range(4, 8)) | set(range(start - 4, start)) | fact
    assert changed


@pytest.mark.parametrize(("riff", "size"), [(0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (36, 0), (0, 0xFFFFFFFF), (0, 200)])
def test_headers_that_were_never_finished(riff, size):
    data = bytearray(written())
    struct.pack_into("<I", data, 4, riff)
    struct.pack_into("<I", data, 40, size)
    after, done = repaired(bytes(data))
    assert after == written()
    assert done.changed


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("cut", [1, 2, 99, 200])
def test_a_file_that_was_cut_short_keeps_every_whole_sample(encoding, cut):
    data = written(encoding=encoding)[:-cut]
    after, done = repaired(data)
    width = 2 if encoding == "s16le" else 1
    assert len(after) == len(data)
    assert read(after) == AUDIO[: (200 - cut) // width * width]
    assert done.info.audio_bytes == (200 - cut) // width * width
    assert struct.unpack_from("<I", after, HEADER_BYTES[encoding] - 4)[0] == done.info.audio_bytes


@pytest.mark.parametrize(
    "data",
    [
        written(),
        written(AUDIO[:199], "ulaw"),
        written(AUDIO[:199], "ulaw")[:-1],  # no padding, as some write it
        written(b""),
        extended(written(), b"LIST" + struct.pack("<I", 4) + b"INFO"),
        extended(written(b""), b"LIST" + struct.pack("<I", 4) + b"INFO"),
        extended(written(), b"LIST" + struct.pack("<I", 4) + b"INFO") + b"behind everything",
    ],
    ids=["whole", "odd", "odd without padding", "empty", "more chunks", "empty, more chunks", "junk at the end"],
)
def test_what_is_right_stays_as_it_is(data):
    after, done = repaired(data)
    assert after == data
    assert not done.changed
    assert done.info == done.before


def test_repairing_again_changes_nothing():
    after, _ = repaired(interrupted("ulaw", channels=2))
    assert repaired(after) == (after, repaired(after)[1])
    assert not repaired(after)[1].changed


def test_a_chunk_that_was_cut_off_is_not_taken_for_audio():
    data = extended(written(), b"LIST" + struct.pack("<I", 400) + bytes(400))[:-300]
    after, done = repaired(data)
    assert read(after) == AUDIO
    assert done.info.audio_bytes == 200


@pytest.mark.parametrize("data", [b"", b"RIFF", b"not audio" * 20, written()[:40], written()[:12] + b"junk" * 3])
def test_what_is_no_wav_file_is_not_touched(data):
    file = io.BytesIO(data)
    with pytest.raises(CodecError):
        repair(file)
    assert file.getvalue() == data


@given(st.data())
def test_whatever_the_header_says_only_its_sizes_change(data):
    encoding = data.draw(st.sampled_from(ENCODINGS))
    whole = bytearray(interrupted(encoding))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, 59))] = data.draw(st.integers(0, 255))
    del whole[data.draw(st.integers(0, len(whole))) :]
    file = io.BytesIO(whole)
    try:
        done = repair(file)
    except CodecError:
        assert file.getvalue() == whole
        return
    after = file.getvalue()
    assert len(after) == len(whole)
    assert sum(old != new for old, new in zip(whole, after, strict=True)) <= 12
    info = WavReader(io.BytesIO(after)).info
    if done.changed:
        assert info == done.info


def test_the_standard_library_and_sox_read_what_was_repaired(tmp_path):
    path = tmp_path / "x.part.wav"
    path.write_bytes(interrupted())
    with path.open("r+b") as file:
        repair(file)
    with wave.open(str(path)) as oracle:
        assert oracle.readframes(1000) == AUDIO
    if shutil.which("sox") is None:
        pytest.skip("sox is not installed")
    raw = subprocess.run(["sox", path, "-t", "raw", "-"], check=True, capture_output=True, timeout=30)
    assert (raw.stdout, raw.stderr) == (AUDIO, b"")


# Writing at a position.


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_silence_is_put_before_what_comes_later(encoding):
    file = io.BytesIO()
    width = 2 if encoding == "s16le" else 1
    with WavWriter(file, WavInfo(encoding, 8000, 2)) as writer:
        writer.write_at(40_000, b"abcd" * width)
        assert writer.length == 40_002
        assert writer.read_at(39_999, 2) == SILENCE[encoding] * 2 * width + (b"abcd" * width)[: 2 * width]
    assert read(file.getvalue()) == SILENCE[encoding] * 40_000 * 2 * width + b"abcd" * width


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=40)), max_size=12), st.sampled_from([None, 1, 7]))
def test_any_order_of_writing_gives_what_was_written_last(writes, at_once):
    class Slow(io.BytesIO):
        """Takes less than it is given, as an unbuffered file may."""

        def write(self, data):
            return super().write(bytes(data)[:at_once])

    file, model = Slow(), bytearray()
    with WavWriter(file, WavInfo("ulaw", 8000, 1)) as writer:
        for position, payload in writes:
            model.extend(b"\xff" * (position - len(model)))
            model[position : position + len(payload)] = payload
            writer.write_at(position, payload)
            assert writer.read_at(position, len(payload) + 3) == bytes(model[position:])[: len(payload) + 3].ljust(
                len(payload) + 3, b"\xff"
            )
        assert writer.audio_bytes == len(model)
    assert read(file.getvalue()) == model


def test_a_write_that_fails_leaves_what_was_there():
    class Full(io.BytesIO):
        room = 44 + 100

        def write(self, data):
            if self.tell() + len(data) > self.room:
                taken = max(self.room - self.tell(), 0)
                super().write(bytes(data)[:taken])
                raise OSError(28, "No space left on device")
            return super().write(bytes(data))

    file = Full()
    writer = WavWriter(file, WavInfo("s16le", 8000, 1))
    writer.write(AUDIO[:90])
    with pytest.raises(OSError, match="No space left"):
        writer.write(AUDIO[90:])
    assert writer.audio_bytes == 90
    writer.close()
    assert file.getvalue() == written(AUDIO[:90])
