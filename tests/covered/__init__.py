"""Which lines and branches a module's own tests run: ``python -m tests.covered``, or ``make coverage``.

A line that some other test happens to run is not tested by it. So each test file is a context of its own, and a module
is judged by those files alone that are there for it. What is there twice is run twice: the plain twins are judged where
they are what runs.
"""

from __future__ import annotations

__all__ = ["OWN_TESTS"]

#: By module or package, the test files that are there for it. Each file of it must be covered by them, every branch.
#: Where a module shares a file with another, or needs a second one, it says why.
OWN_TESTS = {
    "protocols/twilio": ["tests/protocols/test_twilio_*", "tests/protocols/test_uniform.py"],
    "protocols/audiohook": ["tests/protocols/test_audiohook_*", "tests/protocols/test_uniform.py"],
    "protocols/audiosocket": ["tests/protocols/test_audiosocket_*", "tests/protocols/test_uniform.py"],
    "protocols/voipbin": ["tests/protocols/test_voipbin_*", "tests/protocols/test_uniform.py"],
    "protocols/*": ["tests/protocols/test_*"],  # what they share
    "rtp/audio_level": ["tests/rtp/test_header_extension.py"],  # which it is an element of
    "rtp/comfort_noise": ["tests/rtp/test_comfort_noise.py"],
    "rtp/demux": ["tests/rtp/test_demux.py"],
    "rtp/event_receiver": ["tests/rtp/test_event_receiver.py"],
    "rtp/event_sender": ["tests/rtp/test_telephone_event.py"],  # the payloads, and the packets of an event
    "rtp/header_extension": ["tests/rtp/test_header_extension.py"],
    "rtp/red": ["tests/rtp/test_red.py"],
    "rtp/telephone_event": ["tests/rtp/test_telephone_event.py"],
    "b64": ["tests/core/test_b64.py", "tests/core/test_payload.py", "tests/core/test_scanner.py"],
    "g711": ["tests/core/test_g711.py"],
    "_pure/b64": ["tests/core/test_b64.py"],
    # What every function takes and refuses; what is empty, with G.711.
    "_pure/buffers": ["tests/core/test_buffers.py", "tests/core/test_rtp_buffers.py", "tests/core/test_g711.py"],
    "_pure/dtmf": ["tests/core/test_dtmf.py"],
    "_pure/dtmf_bank": ["tests/core/test_tone_scanner.py"],  # the scanner's, compiled or plain
    "_pure/g711": ["tests/core/test_g711.py"],
    "_pure/hearing": ["tests/core/test_hearing.py"],
    "_pure/interleaving": ["tests/core/test_pcm_mixing.py"],
    "_pure/mixing": ["tests/core/test_pcm_mixing.py"],
    "_pure/payload": ["tests/core/test_payload.py"],
    "_pure/pcm": ["tests/core/test_pcm_samples.py", "tests/core/test_refusals.py"],  # more samples than are measured
    "_pure/polyphase": ["tests/core/test_resample.py"],  # whose filter it is
    "_pure/resample": ["tests/core/test_resample.py"],
    "_pure/rtp_pack": ["tests/core/test_rtp_pack.py"],
    "_pure/rtp_packetizer": ["tests/core/test_rtp_packetizer.py"],
    "_pure/rtp_parse": ["tests/core/test_rtp_parse.py"],
    "_pure/rtp_tracker": ["tests/core/test_rtp_tracker.py"],
    "_pure/scanner": ["tests/core/test_scanner.py"],
    "_pure/sending": ["tests/core/test_sending.py"],
    "auth/__init__": ["tests/auth/test_audiohook.py"],  # its name is imported when it is asked for
    "auth/api_key": ["tests/auth/test_api_key.py"],
    "auth/audiohook": ["tests/auth/test_audiohook.py"],
    "auth/public_url": ["tests/auth/test_twilio.py"],  # which signs it
    # What all authenticators are made of, with all of them.
    "auth/request": ["tests/auth/test_*"],
    "auth/secret": ["tests/auth/test_*"],
    "auth/token": ["tests/auth/test_token.py"],
    "auth/twilio": ["tests/auth/test_twilio.py"],
}
