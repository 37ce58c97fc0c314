"""WAV files: against the standard library, sox, and headers made by hand."""

import io
import shutil
import struct
import subprocess
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.errors import CodecError
from phonewire.wav import WavInfo, WavReader, WavWriter

ENCODINGS = ["s16le", "ulaw", "alaw"]
TAGS = {"s16le": 1, "alaw": 6, "ulaw": 7}
PCM_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")

needs_sox = pytest.mark.skipif(shutil.which("sox") is None, reason="sox is not installed")


def fmt(tag=1, channels=1, rate=8000, bits=16, group=None, extra=b""):
    group = channels * bits // 8 if group is None else group
    return struct.pack("<HHIIHH", tag, channels, rate, rate * group, group, bits) + extra


def chunk(chunk_id, body, size=None):
    return chunk_id + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def riff(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def read(data, channel=None):
    reader = WavReader(io.BytesIO(data))
    return reader.info, reader.read(channel)


def written(payload, encoding="s16le", rate=8000, channels=1):
    file = io.BytesIO()
    with WavWriter(file, WavInfo(encoding, rate, channels)) as writer:
        writer.write(payload)
    return file.getvalue()


# Reading what others wrote.


def test_reads_what_the_standard_library_writes():
    file = io.BytesIO()
    with wave.open(file, "wb") as oracle:
        oracle.setparams((2, 2, 16000, 0, "NONE", ""))
        oracle.writeframes(bytes(range(8)))
    info, audio = read(file.getvalue())
    assert (info, audio) == (WavInfo("s16le", 16000, 2, 8), bytes(range(8)))
    assert info.sample_bytes == 2
    assert info.duration_ms == 0.125


@needs_sox
@pytest.mark.parametrize(("encoding", "name"), [("ulaw", "mu-law"), ("alaw", "a-law"), ("s16le", "signed-integer")])
@pytest.mark.parametrize("channels", [1, 2, 3])  # sox writes the extensible format for more than 2 channels
def test_reads_what_sox_writes(tmp_path, encoding, name, channels):
    path, raw = tmp_path / "x.wav", tmp_path / "x.raw"
    bits = "16" if encoding == "s16le" else "8"
    sound = ["synth", "0.501", *("sine", "440", "sine", "700", "sine", "1000")[: channels * 2]]
    subprocess.run(
        ["sox", "-n", "-r", "8000", "-c", str(channels), "-e", name, "-b", bits, path, *sound], check=True, timeout=30
    )
    subprocess.run(["sox", path, "-t", "raw", raw], check=True, timeout=30)
    with WavReader(path) as reader:
        assert reader.info == WavInfo(encoding, 8000, channels, raw.stat().st_size)
        assert reader.read() == raw.read_bytes()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_reads_the_extensible_format(encoding):
    bits = 16 if encoding == "s16le" else 8
    extra = struct.pack("<HHIH", 22, bits, 4, TAGS[encoding]) + PCM_GUID_TAIL
    data = riff(chunk(b"fmt ", fmt(0xFFFE, 1, 8000, bits, extra=extra)), chunk(b"data", b"\1\2\3\4"))
    assert read(data) == (WavInfo(encoding, 8000, 1, 4), b"\1\2\3\4")


def test_skips_other_chunks_and_odd_padding():
    data = riff(
        chunk(b"LIST", b"odd"),
        chunk(b"fmt ", fmt(7, bits=8, extra=b"\0\0")),
        chunk(b"fact", b"\3\0\0\0"),
        chunk(b"JUNK", b"\0" * 70_001),
        chunk(b"data", b"\1\2\3"),
        chunk(b"LIST", b"behind"),
    )
    assert read(data) == (WavInfo("ulaw", 8000, 1, 3), b"\1\2\3")


@pytest.mark.parametrize("size", [0, 4, 0xFFFFFFFF])
@pytest.mark.parametrize("riff_size", [0, 36, 40, 0xFFFFFFFF])
def test_reads_interrupted_recordings_as_far_as_they_go(size, riff_size):
    data = riff(chunk(b"fmt ", fmt()), chunk(b"data", b"\1\2\3\4", size), size=riff_size)
    if size == 0 and riff_size == 40:
        return  # that header says: no audio, and 4 bytes of something else behind it
    assert read(data) == (WavInfo("s16le", 8000, 1, 4), b"\1\2\3\4")


def test_reads_no_audio_where_there_is_none():
    data = riff(chunk(b"fmt ", fmt()), chunk(b"data", b""), chunk(b"LIST", b"not audio"))
    assert read(data) == (WavInfo("s16le", 8000, 1, 0), b"")


def test_drops_a_broken_last_sample_group():
    data = riff(chunk(b"fmt ", fmt(channels=2)), chunk(b"data", b"\1\2\3\4\5\6\7"))
    assert read(data) == (WavInfo("s16le", 8000, 2, 4), b"\1\2\3\4")


@pytest.mark.parametrize(("channel", "expected"), [(None, b"aabbccddeeff"), (1, b"aadd"), (2, b"bbee"), (3, b"ccff")])
def test_selects_a_channel_of_samples(channel, expected):
    assert read(written(b"aabbccddeeff", channels=3), channel)[1] == expected


def test_selects_a_channel_of_codewords():
    assert read(written(b"abcabc", "ulaw", channels=3), 3)[1] == b"cc"


@pytest.mark.parametrize("channel", [0, -1, 3])
def test_refuses_a_channel_that_is_not_there(channel):
    with pytest.raises(CodecError, match=rf"2 channel\(s\), there is no channel {channel}"):
        read(written(b"abcd", channels=2), channel)


def test_reads_in_blocks_from_the_beginning_each_time():
    class Counting(io.BytesIO):
        largest = 0

        def read(self, size=-1):
            Counting.largest = max(Counting.largest, size)
            assert size >= 0
            return super().read(size)

    payload = bytes(range(256)) * 6 * 1000
    reader = WavReader(Counting(written(payload, channels=3)))
    assert b"".join(reader.blocks()) == payload
    assert b"".join(reader.blocks()) == payload
    assert Counting.largest <= 65_536
    assert all(len(block) % 6 == 0 for block in reader.blocks())


def test_ends_quietly_when_the_file_shrinks():
    file = io.BytesIO(written(bytes(200_000)))
    reader = WavReader(file)
    blocks = reader.blocks()
    first = next(blocks)
    file.truncate(44 + 100_000)
    assert len(first) + sum(map(len, blocks)) == 100_000


def test_closes_only_what_it_opened(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(written(b"abcd"))
    with path.open("rb") as file:
        with WavReader(file):
            pass
        assert not file.closed
    path.write_bytes(b"RIFF")  # a reader that fails leaves no file open: that would be a ResourceWarning, an error here
    with pytest.raises(CodecError):
        WavReader(path)


# What cannot be taken is said plainly.


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a WAV file: it does not begin with a RIFF/WAVE header"),
        (b"\x1b[31m" * 10, "not a WAV file: it does not begin with a RIFF/WAVE header"),
        (b"RIFF\0\0\0\0AVI ", "not a WAV file: it does not begin with a RIFF/WAVE header"),
        (b"RF64\0\0\0\0WAVE", "not a WAV file but RF64"),
        (b"RIFX\0\0\0\0WAVE", "not a WAV file but RIFX"),
        (riff(chunk(b"fmt ", fmt(bits=24)), chunk(b"data", b"")), "WAV holds 24-bit samples; phonewire takes 16-bit"),
        (riff(chunk(b"fmt ", fmt(7)), chunk(b"data", b"")), "WAV holds 16-bit ulaw; phonewire takes"),
        (riff(chunk(b"fmt ", fmt(3, bits=32)), chunk(b"data", b"")), "WAV holds float; phonewire takes"),
        (riff(chunk(b"fmt ", fmt(0x1234)), chunk(b"data", b"")), "WAV holds format 0x1234; phonewire takes"),
        (riff(chunk(b"fmt ", fmt(0xFFFE)), chunk(b"data", b"")), "extensible format needs 40 bytes, got 16"),
        (riff(chunk(b"fmt ", fmt(0xFFFE, extra=b"\1" * 24))), "unknown extensible format"),
        (riff(chunk(b"fmt ", b"\1\0")), "WAV fmt chunk needs 16 bytes, got 2"),
        (riff(chunk(b"fmt ", fmt(channels=0)), chunk(b"data", b"")), "WAV contradicts itself: 0 channels"),
        (riff(chunk(b"fmt ", fmt(rate=0)), chunk(b"data", b"")), "at 0 Hz"),
        (riff(chunk(b"fmt ", fmt(group=3)), chunk(b"data", b"")), "in groups of 3 bytes"),
        (riff(chunk(b"data", b"abcd")), "audio before its format"),
        (riff(chunk(b"fmt ", fmt())), "ends within its header: chunk header needs 8 bytes, got 0"),
        (riff(chunk(b"JUNK", b"") * 2000), "no audio in its first 1000 chunks"),
        (riff(chunk(b"JUNK", b"", 0xFFFFFFFF)), "ends within its header"),
    ],
)
def test_says_what_it_cannot_take(data, message):
    with pytest.raises(CodecError) as caught:
        read(data)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_cut_anywhere_is_refused_or_read_as_far_as_it_goes(encoding):
    whole = written(b"abcdefgh", encoding)
    header_bytes = len(whole) - 8
    for size in range(header_bytes):
        with pytest.raises(CodecError):
            read(whole[:size])
    for size in range(header_bytes, len(whole) + 1):
        sample_bytes = 2 if encoding == "s16le" else 1
        kept = (size - header_bytes) // sample_bytes * sample_bytes
        assert read(whole[:size])[1] == b"abcdefgh"[:kept]


@given(st.data())
def test_hostile_headers_only_raise_codec_error(data):
    whole = bytearray(written(b"abcdefgh", data.draw(st.sampled_from(ENCODINGS))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        info, audio = read(bytes(whole))
    except CodecError:
        return
    assert len(audio) == info.audio_bytes <= len(whole)


# Writing.


@given(
    encoding=st.sampled_from(ENCODINGS),
    rate=st.integers(1, 192_000),
    channels=st.integers(1, 8),
    pieces=st.lists(st.integers(0, 40), max_size=5),
)
def test_what_is_written_can_be_read(encoding, rate, channels, pieces):
    group = channels * (2 if encoding == "s16le" else 1)
    file = io.BytesIO()
    payload = b""
    with WavWriter(file, WavInfo(encoding, rate, channels)) as writer:
        for groups in pieces:
            piece = bytes(n % 251 for n in range(groups * group))
            payload += piece
            writer.write(piece)
        assert writer.audio_bytes == len(payload)
    assert read(file.getvalue()) == (WavInfo(encoding, rate, channels, len(payload)), payload)
    assert len(file.getvalue()) % 2 == 0
    assert struct.unpack_from("<I", file.getvalue(), 4)[0] + 8 == len(file.getvalue())


def test_the_standard_library_reads_what_is_written():
    with wave.open(io.BytesIO(written(b"abcdefgh", rate=16000, channels=2))) as oracle:
        assert oracle.getparams()[:4] == (2, 2, 16000, 2)
        assert oracle.readframes(10) == b"abcdefgh"


@needs_sox
@pytest.mark.parametrize("encoding", ["ulaw", "alaw"])
def test_sox_reads_what_is_written(tmp_path, encoding):
    path = tmp_path / "x.wav"
    payload = bytes(range(256)).replace(b"\x7f", b"") + b"\xff\xff"  # sox makes µ-law's other zero, 0x7F, 0xFF
    path.write_bytes(written(payload, encoding))
    raw = subprocess.run(["sox", path, "-t", encoding[0] + "l", "-"], check=True, capture_output=True, timeout=30)
    assert raw.stdout == payload
    assert raw.stderr == b""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_flushed_file_can_be_read_without_close(tmp_path, encoding):
    path = tmp_path / "x.wav"
    writer = WavWriter(path, WavInfo(encoding, 8000, 1))
    writer.write(b"ab" * 5000)
    writer.flush()
    killed = path.read_bytes()
    writer.write(b"cdef")
    writer.flush()
    assert read(killed) == (WavInfo(encoding, 8000, 1, 10_000), b"ab" * 5000)
    # The header itself tells: a strict reader gets there too.
    assert struct.unpack_from("<I", killed, len(killed) - 10_000 - 4)[0] == 10_000
    assert read(path.read_bytes())[1] == b"ab" * 5000 + b"cdef"
    writer.close()
    writer.close()


def test_writes_a_fact_chunk_for_codewords_only():
    assert b"fact" not in written(b"abcd")
    codewords = written(b"abcdef", "ulaw", channels=2)
    assert codewords[codewords.index(b"fact") + 4 :][:8] == struct.pack("<II", 4, 3)


def test_refuses_a_broken_sample_and_writes_nothing():
    file = io.BytesIO()
    writer = WavWriter(file, WavInfo("s16le", 8000, 2))
    before = file.getvalue()
    with pytest.raises(CodecError, match="whole sample groups of 4 bytes, got 6 bytes"):
        writer.write(b"abcdef")
    assert file.getvalue() == before


def test_refuses_an_encoding_that_wav_does_not_hold():
    with pytest.raises(CodecError, match="got s16be"):
        WavWriter(io.BytesIO(), WavInfo("s16be", 8000, 1))


def test_sizes_beyond_4_gib_stay_at_all_ones():
    class Sparse(io.BytesIO):
        def write(self, data):  # only headers are kept
            return super().write(data) if len(data) < 100 else len(data)

    file = Sparse()
    writer = WavWriter(file, WavInfo("ulaw", 8000, 1))
    block = bytes(1 << 20)
    for _ in range(4096):
        writer.write(block)
    writer.flush()
    assert struct.unpack_from("<I", file.getvalue(), 4)[0] == 0xFFFFFFFF
    assert struct.unpack_from("<I", file.getvalue(), 54)[0] == 0xFFFFFFFF
