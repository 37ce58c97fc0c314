"""docs/g711.md: its figures come from all samples and all codewords."""

import re
from array import array
from pathlib import Path

import pytest

from phonewire import g711

PAGE = (Path(__file__).parents[2] / "docs" / "g711.md").read_text()
SAMPLES = array("h", range(-32768, 32768))
CODEWORDS = bytes(range(256))
ROW = r"^\| {} \| (\d+) \| ([-\d, ]+)"


def sign_and_magnitude(sample):
    """Encode as the second family does; no code of ours."""
    biased = min(abs(sample), 32635) + 132
    segment = biased.bit_length() - 8
    return (segment << 4 | biased >> (segment + 3) & 15) ^ (0x7F if sample < 0 else 0xFF)


FAMILIES = {
    "ITU": g711.ulaw_encode(SAMPLES),
    "sign and magnitude": bytes(map(sign_and_magnitude, SAMPLES)),
    "`audioop`": g711.ulaw_encode(SAMPLES, compat="audioop"),
}


@pytest.mark.parametrize(
    ("one", "other"), [("ITU", "sign and magnitude"), ("sign and magnitude", "`audioop`"), ("ITU", "`audioop`")]
)
def test_where_two_families_differ(one, other):
    number, first = re.search(ROW.format(f"{one} and {other}"), PAGE, re.MULTILINE).groups()
    pairs = list(zip(SAMPLES, FAMILIES[one], FAMILIES[other], strict=True))
    differ = sorted((sample for sample, a, b in pairs if a != b), reverse=True)
    named = [int(sample) for sample in first.split(", ")]
    assert len(differ) == int(number)
    assert differ[: len(named)] == named
    assert all(sample < 0 for sample in differ)
    assert max(abs(a - b) for _, a, b in pairs) == 1


def test_the_mean_errors():
    # Beyond this the loudest codeword clips, by as much as 644, in all families.
    loud = range(32768 - 31612, 32768 + 31612)

    def mean_error(family):
        decoded = array("h", g711.ulaw_decode(FAMILIES[family]))
        return sum(decoded[place] - SAMPLES[place] for place in loud) / len(loud)

    assert abs(mean_error("ITU")) == pytest.approx(0.5, abs=0.02)
    assert abs(mean_error("`audioop`")) == pytest.approx(1.5, abs=0.05)


def test_the_example_prints_what_it_says(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(block, {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"# ([0-9a-f ]+)$", block, re.MULTILINE)


def test_the_negative_zero_is_the_only_codeword_that_does_not_come_back():
    back = g711.ulaw_encode(g711.ulaw_decode(CODEWORDS))
    assert [codeword for codeword in CODEWORDS if back[codeword] != codeword] == [0x7F]
    assert back[0x7F] == 0xFF
    assert g711.alaw_encode(g711.alaw_decode(CODEWORDS)) == CODEWORDS
    assert array("h", g711.ulaw_decode(b"\x7f\xff\x00")).tolist() == [0, 0, -32124]
    assert array("h", g711.alaw_decode(b"\xd5\x55")).tolist() == [8, -8]
    makes = {
        family: {s for s, c in zip(SAMPLES, coded, strict=True) if c == 0x7F} for family, coded in FAMILIES.items()
    }
    assert makes == {"ITU": {-4, -3, -2, -1}, "sign and magnitude": {-3, -2, -1}, "`audioop`": set()}


def test_there_is_one_a_law_encoder(audioop):
    assert g711.alaw_encode(SAMPLES) == audioop.lin2alaw(SAMPLES.tobytes(), 2)


def test_there_and_back_between_the_laws_keeps_seven_bits():
    for there, back in ((g711.ulaw_to_alaw, g711.alaw_to_ulaw), (g711.alaw_to_ulaw, g711.ulaw_to_alaw)):
        assert all(a >> 1 == b >> 1 for a, b in zip(back(there(CODEWORDS)), CODEWORDS, strict=True))
