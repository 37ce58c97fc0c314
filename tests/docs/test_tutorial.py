"""What docs/voipbin-tutorial.md names is there."""

import re
from pathlib import Path

import phonewire
from phonewire.stats import CallStats

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "voipbin-tutorial.md").read_text()


def test_every_file_is_there():
    named = re.findall(r"`((?:tests|examples)/[\w/.]+)`", PAGE)
    assert len(named) > 40
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_verb_is_one():
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{verb}:" in makefile for verb in re.findall(r"`make ([\w-]+)`", PAGE))


def test_every_name_is_one():
    names = set(re.findall(r"phonewire\.([A-Za-z]\w+)", PAGE)) - {"rtp", "voipbin_request"}
    names |= {"Disconnected", "Reconnected", "Quality", "NoMedia", "Retention", "Limits", "HandshakeError"}
    assert [name for name in names if not hasattr(phonewire, name)] == []
    counted = ("lost_packets", "jitter_ms", "mouth_to_ear_ms")
    assert [name for name in counted if not hasattr(CallStats, name)] == []
