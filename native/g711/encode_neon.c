/* Encoding, 16 samples at a time: the leading zeros of the magnitude are the segment, the four bits after its first one
 * the step. */
#include "g711.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

static inline int16x8_t load(const uint8_t *samples)
{
    return vreinterpretq_s16_u8(vld1q_u8(samples));
}

/* 8 words 0-32767 -> segment << 4 | step, so that 128 gives 0 and 32767 gives 127. Below 128 the result is negative.
 *   zeros = 8 - segment;  word << zeros >> 11 = 1ssss, of which the one counts as a segment
 *   16 + step + 16*(7 - zeros) = 16*segment + step */
static inline int16x8_t segment_and_step(int16x8_t magnitude)
{
    const int16x8_t zeros = vclzq_s16(magnitude);
    const uint16x8_t top = vshrq_n_u16(vshlq_u16(vreinterpretq_u16_s16(magnitude), zeros), 11);
    return vmlsq_n_s16(vaddq_s16(vreinterpretq_s16_u16(top), vdupq_n_s16(7 * 16)), zeros, 16);
}

/* One's complement of the negative words: 0-32767. */
static inline int16x8_t ones_complement(int16x8_t x)
{
    return veorq_s16(x, vshrq_n_s16(x, 15));
}

static inline int16x8_t ulaw_segment_and_step(int16x8_t magnitude)
{
    /* The saturating add is also the clip: 32635 + 132 = 32767. */
    return segment_and_step(vqaddq_s16(magnitude, vdupq_n_s16(PW_ULAW_BIAS)));
}

static inline int16x8_t ulaw_itu(int16x8_t x)
{
    return ulaw_segment_and_step(ones_complement(x));
}

static inline int16x8_t ulaw_audioop(int16x8_t x)
{
    /* Saturating: -32768 becomes 32767, in the same top step. */
    return ulaw_segment_and_step(vqabsq_s16(vandq_s16(x, vdupq_n_s16(~3))));
}

static inline int16x8_t alaw(int16x8_t x)
{
    const int16x8_t magnitude = ones_complement(x);
    /* The straight line of 16 units a step rules below 256, where the logarithm lies under it; from 256 on the
     * logarithm is at least 16. */
    const int16x8_t line = vminq_s16(vshrq_n_s16(magnitude, 4), vdupq_n_s16(16));
    return vmaxq_s16(segment_and_step(magnitude), line);
}

/* Two times 8 samples and their segments and steps -> 16 codewords in order. */
static inline uint8x16_t codewords_of(int16x8_t x0, int16x8_t x1, int16x8_t s0, int16x8_t s1, uint8_t silence)
{
    /* Of each word, the low byte of its step and the high byte of its sample, which has the sign. */
    const uint8x16_t steps = vuzp1q_u8(vreinterpretq_u8_s16(s0), vreinterpretq_u8_s16(s1));
    const uint8x16_t tops = vuzp2q_u8(vreinterpretq_u8_s16(x0), vreinterpretq_u8_s16(x1));
    const uint8x16_t signs = vandq_u8(tops, vdupq_n_u8(PW_G711_SIGN));
    return veorq_u8(veorq_u8(steps, signs), vdupq_n_u8(silence));
}

#define DEFINE_ENCODE(name, law, silence, tail)                                              \
    PW_G711_ENCODE(name)                                                                     \
    {                                                                                        \
        size_t i = 0;                                                                        \
        for (; n - i >= 16; i += 16) {                                                       \
            const int16x8_t x0 = load(samples + 2 * i), x1 = load(samples + 2 * i + 16);     \
            vst1q_u8(codewords + i, codewords_of(x0, x1, law(x0), law(x1), silence));        \
        }                                                                                    \
        tail(samples + 2 * i, n - i, codewords + i);                                         \
    }

DEFINE_ENCODE(pw_ulaw_encode_neon, ulaw_itu, PW_ULAW_SILENCE, pw_ulaw_encode_scalar)
DEFINE_ENCODE(pw_ulaw_encode_audioop_neon, ulaw_audioop, PW_ULAW_SILENCE, pw_ulaw_encode_audioop_scalar)
DEFINE_ENCODE(pw_alaw_encode_neon, alaw, PW_ALAW_SILENCE, pw_alaw_encode_scalar)

#endif
