"""What the drill of killed recordings finds in files, and that it finds what is wrong with them."""

import pytest

from phonewire import g711, pcm
from tests.drills.drill_kill import KILLS, Found, lines
from tests.drills.recorded import FORMATS, Kept, kept, speech

THEIRS, OURS = speech("theirs"), speech("ours")
DECODE = {"ulaw": g711.ulaw_decode, "alaw": g711.alaw_decode, "s16": bytes}
ENCODE = {"ulaw": g711.ulaw_encode, "alaw": g711.alaw_encode, "s16": bytes}
AS = {"ulaw": bytes, "alaw": g711.ulaw_to_alaw, "s16": g711.ulaw_decode}
SILENT = {"ulaw": b"\xff", "alaw": b"\xd5", "s16": b"\0\0"}


def mixed(encoding, theirs, ours):
    audio = pcm.mix([DECODE[encoding](AS[encoding](each)) for each in (theirs, ours)])
    return ENCODE[encoding](audio)


@pytest.mark.parametrize("encoding", FORMATS)
def test_one_channel_of_each_side(encoding):
    said, silent = AS[encoding], SILENT[encoding]

    def found(left, right):
        return kept([left, right], encoding, THEIRS, OURS)

    late = silent * 700 + said(OURS[:300])
    assert found(said(THEIRS[:1000]), late) == Kept(1000, 300, True)
    assert found(said(THEIRS[:900]) + silent * 100, late) == Kept(900, 300, True)
    assert found(said(THEIRS[:1200]), late + silent * 200) == Kept(1200, 300, True)
    assert found(said(THEIRS[:1000]), silent * 1000) == Kept(1000, 0, True)
    assert found(b"", b"") == Kept(0, 0, True)
    assert not found(late, said(THEIRS[:1000])).is_true
    assert not found(said(THEIRS[1:1000]), late).is_true
    assert not found(silent + said(THEIRS[:999]), late).is_true
    assert not found(said(THEIRS[:500]) + silent * 10 + said(THEIRS[500:990]), late).is_true
    assert not found(said(THEIRS[:1000]), silent * 700 + said(OURS[1:301])).is_true


@pytest.mark.parametrize("encoding", FORMATS)
def test_both_sides_in_one_channel(encoding):
    said = AS[encoding]

    def found(*pieces):
        return kept([b"".join(pieces)], encoding, THEIRS, OURS)

    alone, both = said(THEIRS[:700]), mixed(encoding, THEIRS[700:1000], OURS[:300])
    assert found(alone, both) == Kept(1000, 300, True)
    assert found(alone, both, said(THEIRS[1000:1100])) == Kept(1100, 300, True)
    assert found(alone, both, said(OURS[300:400])) == Kept(1000, 400, True)
    assert found(alone) == Kept(700, 0, True)
    assert found() == Kept(0, 0, True)
    assert not found(alone, both, said(OURS[301:400])).is_true
    assert not found(alone, both, SILENT[encoding]).is_true
    assert not found(alone, mixed(encoding, THEIRS[700:1000], OURS[1:301])).is_true
    assert not found(alone[len(SILENT[encoding]) :], both).is_true


def reached(**changed):
    some = [Found("mono", "s16", (), 520.0, True)] * (KILLS - 1)
    last = {"layout": "mono", "encoding": "s16", "failed": (), "lost_ms": 1.0, "is_true": True}
    return [line.reached for line in lines([*some, Found(**last | changed)])]


def test_each_goal_can_be_missed():
    assert reached() == [True, True]
    assert reached(failed=("sox",)) == reached(is_true=False) == [False, True]
    assert reached(lost_ms=520.1) == [True, False]
