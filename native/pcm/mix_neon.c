/* Mixing, 8 samples at a time. */
#include "pcm.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

/* 8 samples as 32-bit numbers: 0-3 and 4-7. */
typedef struct {
    int32x4_t low, high;
} numbers;

static inline int16x8_t load(const uint8_t *samples)
{
    return vreinterpretq_s16_u8(vld1q_u8(samples));
}

static inline void store_clipped(uint8_t *out, numbers x)
{
    vst1q_u8(out, vreinterpretq_u8_s16(vqmovn_high_s32(vqmovn_s32(x.low), x.high)));
}

static inline numbers total(const uint8_t *const *inputs, size_t count, size_t i)
{
    numbers sum = {vdupq_n_s32(0), vdupq_n_s32(0)};
    for (size_t j = 0; j < count; j++) {
        const int16x8_t x = load(inputs[j] + 2 * i);
        sum.low = vaddw_s16(sum.low, vget_low_s16(x));
        sum.high = vaddw_high_s16(sum.high, x);
    }
    return sum;
}

static inline void mix(const uint8_t *const *inputs, size_t count, size_t i, uint8_t *out)
{
    store_clipped(out + 2 * i, total(inputs, count, i));
}

static inline void mix_minus(const uint8_t *const *inputs, size_t count, size_t i, uint8_t *const *outputs)
{
    const numbers all = total(inputs, count, i);
    for (size_t j = 0; j < count; j++) {
        const int16x8_t own = load(inputs[j] + 2 * i);
        const numbers others = {vsubw_s16(all.low, vget_low_s16(own)), vsubw_high_s16(all.high, own)};
        store_clipped(outputs[j] + 2 * i, others);
    }
}

/* No output overlaps an input: the last vector may do some samples again, so that it ends where they end. */
PW_PCM_GATHER(pw_pcm_mix_neon)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8)
        mix(inputs, count, i, out);
    if (n < 8)
        pw_pcm_mix_scalar(inputs, count, n, out);
    else if (i < n)
        mix(inputs, count, n - 8, out);
}

PW_PCM_MIX_MINUS(pw_pcm_mix_minus_neon)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8)
        mix_minus(inputs, count, i, outputs);
    if (n < 8)
        pw_pcm_mix_minus_scalar(inputs, count, n, outputs);
    else if (i < n)
        mix_minus(inputs, count, n - 8, outputs);
}

#endif
