/* Encoding in plain C: the reference for every other variant.
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
