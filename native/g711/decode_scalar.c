/* Decoding in plain C: the reference for every other variant. Source: ITU-T G.711 (11/88) tables 1a and 2a. */
#include "g711.h"
#include "../target.h"

/* Decoding is a table of 256 samples, computed by the compiler. c is the codeword with its complement undone: a clear
 * sign bit means negative for A-law, positive for u-law. */
#define SIGNED(negative, magnitude) (int16_t)((negative) ? -(magnitude) : (magnitude))
#define SEGMENT(c) ((c) >> 4 & 7)
#define STEP(c) ((c) & 15)
#define ULAW_MAGNITUDE(c) (((STEP(c) * 8 + PW_ULAW_BIAS) << SEGMENT(c)) - PW_ULAW_BIAS)
#define ALAW_MAGNITUDE(c) \
    (SEGMENT(c) ? (STEP(c) * 16 + 264) << (SEGMENT(c) ? SEGMENT(c) - 1 : 0) : STEP(c) * 16 + 8)
#define ULAW_SAMPLE(word) SIGNED(((word) ^ 0xFF) & PW_G711_SIGN, ULAW_MAGNITUDE((word) ^ 0xFF))
#define ALAW_SAMPLE(word) SIGNED(!((word) & PW_G711_SIGN), ALAW_MAGNITUDE((word) ^ 0x55))

#define TIMES_4(f, c) f(c), f(c + 1), f(c + 2), f(c + 3)
#define TIMES_16(f, c) TIMES_4(f, c), TIMES_4(f, c + 4), TIMES_4(f, c + 8), TIMES_4(f, c + 12)
#define TIMES_64(f, c) TIMES_16(f, c), TIMES_16(f, c + 16), TIMES_16(f, c + 32), TIMES_16(f, c + 48)
#define TIMES_256(f) TIMES_64(f, 0), TIMES_64(f, 64), TIMES_64(f, 128), TIMES_64(f, 192)

static const int16_t ulaw_samples[256] = {TIMES_256(ULAW_SAMPLE)};
static const int16_t alaw_samples[256] = {TIMES_256(ALAW_SAMPLE)};

PW_G711_DECODE(pw_ulaw_decode_scalar)
{
    for (size_t i = 0; i < n; i++)
        pw_store_s16(samples + 2 * i, ulaw_samples[codewords[i]]);
}

PW_G711_DECODE(pw_alaw_decode_scalar)
{
    for (size_t i = 0; i < n; i++)
        pw_store_s16(samples + 2 * i, alaw_samples[codewords[i]]);
}
