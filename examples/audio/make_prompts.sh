#!/bin/sh
# Make what the examples of VoIPBIN calls say and play: phrases.wav, menu.wav, hours.wav, hold.wav (µ-law, 8 kHz, mono).
# Needs espeak-ng (1.51 made the files in the tree) and sox (14.4.2): apt-get install espeak-ng sox
. "$(dirname "$0")/espeak_and_sox.sh"

# telephone FILE...: join them in the band of a telephone line, at an even level; the last one is the result.
telephone() {
    sox -D "$@" sinc 300-3400 norm -3
}

# say FILE VOICE WORDS_PER_MINUTE PAUSE_S TEXT
say() {
    espeak-ng -v "$2" -s "$3" -w "$work/raw.wav" "$5"
    sox -D "$work/raw.wav" -r 8000 -e mu-law -b 8 "$1" gain -3 pad 0.2 "$4"
}

# A caller, a phrase every 2.4 s.
phrase() {
    say "$work/long.wav" en-us 140 2 "$2"
    sox -D "$work/long.wav" "$1" trim 0 2.4
}
phrase "$work/1.wav" "opening hours"
phrase "$work/2.wav" "speak to the office"
phrase "$work/3.wav" "the ferry to the island"
phrase "$work/4.wav" "goodbye"
telephone "$work/1.wav" "$work/2.wav" "$work/3.wav" "$work/4.wav" phrases.wav

# The office.
say "$work/menu.wav" en-us+f3 165 0.2 "Welcome to the harbour office. For the opening hours, press one. For the ferry, press two."
say "$work/hours.wav" en-us+f3 165 0.2 "We are open from eight in the morning until nine in the evening."
telephone "$work/menu.wav" menu.wav
telephone "$work/hours.wav" hours.wav

# Music on hold: four plucked chords, so that the end leads back to the beginning.
sox -D -n -r 8000 "$work/1h.wav" synth 0.5 pluck C4 pluck E4 pluck G4 remix - fade 0.005 0.5 0.05
sox -D -n -r 8000 "$work/2h.wav" synth 0.5 pluck A3 pluck C4 pluck E4 remix - fade 0.005 0.5 0.05
sox -D -n -r 8000 "$work/3h.wav" synth 0.5 pluck F3 pluck A3 pluck C4 remix - fade 0.005 0.5 0.05
sox -D -n -r 8000 "$work/4h.wav" synth 0.5 pluck G3 pluck B3 pluck D4 remix - fade 0.005 0.5 0.05
sox -D "$work/1h.wav" "$work/2h.wav" "$work/3h.wav" "$work/4h.wav" -e mu-law -b 8 hold.wav norm -9
sha256sum phrases.wav menu.wav hours.wav hold.wav
