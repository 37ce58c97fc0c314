/* Which key's two tones a piece of audio is made of, 250 times a second.
 *
 * Samples are s16 in the machine's byte order at 8 kHz, at any address. Every 4 ms a window of 16 ms is looked at: its
 * samples times a Hann window, whose spectrum has no sidelobes to speak of, then a Goertzel bin for each of the 8 tones.
 * It is a key's when the strongest low and the strongest high tone are loud enough, equally loud within limits, nearly
 * all there is, the high one without a second harmonic (a low one's would be among the high ones, and off their
 * frequencies), and of the right frequency. Frequencies are measured by how far the phase of a bin has turned since an
 * earlier window: by energy alone 16 ms cannot tell 697 Hz from 730.
 *
 * Plain C on purpose: the time goes into the Goertzel kernel. */
#ifndef PW_DTMF_H
#define PW_DTMF_H

#include "../goertzel/goertzel.h"
#include "../pcm/pcm.h"

enum {
    PW_DTMF_TONES = 8, /* 4 low, then 4 high */
    PW_DTMF_WINDOW = 128,
    PW_DTMF_HOP = 32,
    PW_DTMF_LAPS = 2, /* windows that are remembered */
};

/* How far the phase of a tone turns from one window to a later one: by this, and at most by so much more or less. */
typedef struct {
    int32_t cosine, sine; /* * 2^15 */
    int32_t most;         /* tangent of the difference, * 2^15 */
} pw_dtmf_turn;

/* Numbers of 32 bits throughout: the binding copies it as a whole. */
typedef struct {
    int32_t window[PW_DTMF_WINDOW]; /* * 2^15 */
    pw_goertzel_tone tones[PW_DTMF_TONES], harmonics[PW_DTMF_TONES / 2]; /* of the high tones */
    pw_dtmf_turn turns[PW_DTMF_TONES]; /* in PW_DTMF_LAPS hops for the low tones, in one for the high ones */
    int32_t least_energy, least_power;
} pw_dtmf_bank;

/* The bins of the windows before the next one, newest first; all zeros at the beginning. */
typedef struct {
    pw_goertzel_bin laps[PW_DTMF_LAPS][PW_DTMF_TONES];
} pw_dtmf_state;

/* What the kernels of a table are to it. */
typedef struct {
    pw_goertzel_fn *goertzel;
    pw_pcm_measure_fn *measure;
} pw_dtmf_kernels;

/* n hops: reads PW_DTMF_WINDOW + (n - 1)*PW_DTMF_HOP samples; none for n == 0. Writes n characters: the key, or a
 * space. */
#define PW_DTMF_SCAN(name)                                                                                        \
    void name(const pw_dtmf_kernels *kernels, const pw_dtmf_bank *bank, pw_dtmf_state *state, const uint8_t *samples, \
              size_t n, uint8_t *keys)
typedef PW_DTMF_SCAN(pw_dtmf_scan_fn);

PW_DTMF_SCAN(pw_dtmf_scan);

#endif
