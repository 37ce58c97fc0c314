/* G.711 in plain C: the reference for every other variant.
 * Source: ITU-T G.711 (11/88) tables 1a and 2a; ITU-T G.191 for the treatment of negative samples. */
#include "g711.h"
#include "../target.h"

/* Index of the highest set bit; value > 0. */
static inline int highest_bit(int value)
{
#if defined(__GNUC__)
    return 31 - __builtin_clz((unsigned)value);
#else
    int bit = 0;
    while (value >>= 1)
        bit++;
    return bit;
#endif
}

/* Magnitude 0-32768 -> segment and step. 16-bit scale: with the bias, segment s begins at 2^(7+s) and has 16 steps. */
static inline int ulaw_segment_and_step(int magnitude)
{
    int biased = magnitude + PW_ULAW_BIAS;
    if (biased > INT16_MAX)
        biased = INT16_MAX;
    const int segment = highest_bit(biased) - 7;
    return segment << 4 | ((biased >> (segment + 3)) & 15);
}

/* Segments 0 and 1 are one straight line of 32 steps; segment s > 0 begins at 2^(7+s). */
static inline int alaw_segment_and_step(int magnitude)
{
    const int segment = highest_bit(magnitude | 255) - 7;
    return segment << 4 | ((magnitude >> (segment + 3 + (segment == 0))) & 15);
}

static inline uint8_t codeword(int silence, int sample, int segment_and_step)
{
    return (uint8_t)(silence ^ (sample < 0 ? PW_G711_SIGN : 0) ^ segment_and_step);
}

PW_G711_ENCODE(pw_ulaw_encode_scalar)
{
    for (size_t i = 0; i < n; i++) {
        const int x = pw_load_s16(samples + 2 * i);
        codewords[i] = codeword(PW_ULAW_SILENCE, x, ulaw_segment_and_step(x < 0 ? ~x : x));
    }
}

PW_G711_ENCODE(pw_ulaw_encode_audioop_scalar)
{
    for (size_t i = 0; i < n; i++) {
        const int x = pw_load_s16(samples + 2 * i) & ~3; /* 14 bits, rounded towards minus infinity */
        codewords[i] = codeword(PW_ULAW_SILENCE, x, ulaw_segment_and_step(x < 0 ? -x : x));
    }
}

PW_G711_ENCODE(pw_alaw_encode_scalar)
{
    for (size_t i = 0; i < n; i++) {
        const int x = pw_load_s16(samples + 2 * i);
        codewords[i] = codeword(PW_ALAW_SILENCE, x, alaw_segment_and_step(x < 0 ? ~x : x));
    }
}

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
