"""docs/audioop.md: both columns of its tables are run, and differ by no more than they say."""

import re
from array import array
from pathlib import Path

import numpy as np
import pytest

import phonewire
from phonewire import g711, pcm

PAGE = (Path(__file__).parents[2] / "docs" / "audioop.md").read_text()
ROWS = re.findall(r"^\| `(\w+\(.*?)` \| `(.+?)` \| (.*) \|$", PAGE, re.MULTILINE)

#: Every sample, and every codeword.
EVERY = array("h", range(-32768, 32768)).tobytes()
AUDIO = {"s": EVERY, "t": EVERY[::-1], "u": bytes(range(256)), "a": bytes(range(256))}


def names():
    (imports,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    there = {}
    exec(imports, there)
    return there | AUDIO


def differences(theirs, ours):
    """Return by how much samples differ, and where."""
    theirs, ours = (np.frombuffer(audio, "int16").astype(int) for audio in (theirs, ours))
    return np.abs(theirs - ours)


@pytest.mark.parametrize(("old", "new", "difference"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_differs_as_it_says(old, new, difference, audioop):
    theirs, ours = eval(old, vars(audioop) | AUDIO), eval(new, names())
    if difference.startswith("none"):
        assert theirs == ours
    elif isinstance(theirs, int):
        assert "at most 1" in difference
        assert ours - theirs in (0, 1)
    elif "at most 1" in difference:
        assert differences(theirs, ours).max() == 1
    else:
        assert theirs != ours  # each of these is told in words, and has a test of its own


def test_the_508_samples_that_are_coded_otherwise(audioop):
    theirs, ours = audioop.lin2ulaw(EVERY, 2), g711.ulaw_encode(EVERY)
    differ = [sample for sample, one, other in zip(array("h", EVERY), theirs, ours, strict=True) if one != other]
    assert (len(differ), max(differ)) == (508, -1)
    assert max(abs(one - other) for one, other in zip(theirs, ours, strict=True)) == 1


def test_every_function_of_audioop_is_on_the_page(audioop):
    there = {name for name in dir(audioop) if not name.startswith("_")}
    assert len(there) > 25
    assert there <= set(re.findall(r"\w+", PAGE))


def test_what_is_refused(audioop):
    assert issubclass(phonewire.CodecError, ValueError)
    assert not issubclass(audioop.error, ValueError)
    with pytest.raises(phonewire.CodecError):
        g711.ulaw_encode(b"abc")
    floats = np.zeros(8, "float32")
    with pytest.raises(TypeError):
        g711.ulaw_encode(floats)
    assert len(audioop.lin2ulaw(floats, 2)) == 16


def test_the_resampler_is_late_by_what_it_says_and_loses_nothing(audioop):
    resampler = pcm.Resampler(8000, 16000)
    out = resampler.resample(bytes(1600))
    assert (len(out), resampler.delay_ms, len(resampler.flush())) == (3200, 4, 4 * 32)
    assert len(audioop.ratecv(bytes(1600), 2, 1, 8000, 16000, None)[0]) < 3200
