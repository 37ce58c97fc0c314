#!/bin/sh
# Make speech.wav: 60 s of connected speech, three voices, as a telephone carries it (µ-law, 8 kHz, mono).
# Needs espeak-ng (1.51 made the file in the tree) and sox (14.4.2): apt-get install espeak-ng sox
. "$(dirname "$0")/espeak_and_sox.sh"

parts=0
# say VOICE WORDS_PER_MINUTE PAUSE_S TEXT: one turn of the talk, and the pause behind it.
say() {
    parts=$((parts + 1))
    part=$(printf '%s/%02d.wav' "$work" "$parts")
    espeak-ng -v "$1" -s "$2" -w "$work/raw.wav" "$4"
    # -D: no dither, so that the same tools make the same file.
    sox -D "$work/raw.wav" -r 8000 "$part" gain -3 pad 0 "$3"
}

agent=en-us+f3
caller=en-gb+m3
witness=en-gb-scotland+f2

say $agent 165 0.6 "Good morning, and thank you for calling the harbour office. My name is Clara. How can I help you today?"
say $caller 155 0.5 "Good morning, Clara. I left a parcel on the early ferry, a wooden box with a blue ribbon, and I would like to have it back before the weekend."
say $agent 165 0.4 "I am sorry to hear that. Could you tell me where you were sitting, and roughly when the ferry arrived?"
say $caller 150 0.7 "We were on the upper deck, on the left side, three rows from the stairs. The ferry came in at about twenty minutes past seven, because the fog had held us up."
say $agent 170 0.3 "Thank you. Please stay on the line for a moment, I am going to ask the crew."
say $witness 150 0.8 "Hello, this is Isla from the crew. Yes, there is a box with a ribbon here. It was under a seat, quite dry, and it has been standing on my desk since breakfast."
say $caller 160 0.4 "That is wonderful. It holds my grandmother's letters, and I was afraid that they had gone into the sea."
say $witness 150 0.5 "No, no, they are perfectly safe. You can fetch the box whenever you like, we are open until nine in the evening."
say $agent 165 0.3 "Then I will write a note for the front desk. Please bring something with your name and your address on it, and ask for the box with the blue ribbon."
say $caller 155 0.5 "I will be there at six o'clock. Thank you both very much, you have saved my week."
say $agent 165 0.3 "It was a pleasure. Have a good journey, and mind the fog on your way down to the harbour this evening."

# The band of a telephone line, an even level, exactly 60 s.
sox -D "$work"/[0-9]*.wav -e mu-law -b 8 speech.wav sinc 300-3400 norm -3 trim 0 60
sox --i speech.wav
