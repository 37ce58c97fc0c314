/* Decoding, 16 codewords at a time: (8*step + 4 + leading one) * 2^segment is one multiplication of bytes. */
#include "g711.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

/* 16 magnitudes in order. */
typedef struct {
    uint16x8_t low, high;
} magnitudes;

static inline magnitudes multiply(uint8x16_t a, uint8x16_t b)
{
    return (magnitudes){vmull_u8(vget_low_u8(a), vget_low_u8(b)), vmull_high_u8(a, b)};
}

/* c is the codeword with its complement undone: sign, 3 bits of segment, 4 of step. */
static inline uint8x16_t segments(uint8x16_t c)
{
    return vandq_u8(vshrq_n_u8(c, 4), vdupq_n_u8(7));
}

/* 8*step + 4, less than 128. */
static inline uint8x16_t steps_of_eight(uint8x16_t c)
{
    return vorrq_u8(vandq_u8(vshlq_n_u8(c, 3), vdupq_n_u8(0x78)), vdupq_n_u8(4));
}

/* (8*step + 132) * 2^segment - 132 */
static inline magnitudes ulaw_magnitudes(uint8x16_t c)
{
    const uint8x16_t powers = vshlq_u8(vdupq_n_u8(1), vreinterpretq_s8_u8(segments(c)));
    const uint16x8_t bias = vdupq_n_u16(PW_ULAW_BIAS);
    magnitudes m = multiply(vorrq_u8(steps_of_eight(c), vdupq_n_u8(128)), powers);
    m.low = vsubq_u16(m.low, bias);
    m.high = vsubq_u16(m.high, bias);
    return m;
}

/* (8*step + 4) * 2 in segment 0, else (8*step + 4 + 128) * 2^segment */
static inline magnitudes alaw_magnitudes(uint8x16_t c)
{
    const uint8x16_t s = segments(c);
    const uint8x16_t powers = vshlq_u8(vdupq_n_u8(1), vreinterpretq_s8_u8(vmaxq_u8(s, vdupq_n_u8(1))));
    const uint8x16_t leading = vandq_u8(vcgtq_u8(s, vdupq_n_u8(0)), vdupq_n_u8(128));
    return multiply(vorrq_u8(steps_of_eight(c), leading), powers);
}

/* Two's complement where the mask is all ones. */
static inline uint8x16_t negate(uint16x8_t magnitude, int16x8_t mask)
{
    return vreinterpretq_u8_s16(vsubq_s16(veorq_s16(vreinterpretq_s16_u16(magnitude), mask), mask));
}

#define DEFINE_DECODE(name, magnitudes_of, silence, tail)                                      \
    PW_G711_DECODE(name)                                                                       \
    {                                                                                          \
        size_t i = 0;                                                                          \
        for (; n - i >= 16; i += 16) {                                                         \
            const uint8x16_t c = veorq_u8(vld1q_u8(codewords + i), vdupq_n_u8(silence));       \
            const magnitudes m = magnitudes_of(c);                                             \
            const int8x16_t negative = vshrq_n_s8(vreinterpretq_s8_u8(c), 7);                  \
            vst1q_u8(samples + 2 * i, negate(m.low, vmovl_s8(vget_low_s8(negative))));         \
            vst1q_u8(samples + 2 * i + 16, negate(m.high, vmovl_high_s8(negative)));           \
        }                                                                                      \
        tail(codewords + i, n - i, samples + 2 * i);                                           \
    }

DEFINE_DECODE(pw_ulaw_decode_neon, ulaw_magnitudes, PW_ULAW_SILENCE, pw_ulaw_decode_scalar)
DEFINE_DECODE(pw_alaw_decode_neon, alaw_magnitudes, PW_ALAW_SILENCE, pw_alaw_decode_scalar)

#endif
