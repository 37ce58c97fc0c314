/* The polyphase filter, 16 taps at a time. */
#include "resample.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

static inline int16x8_t load(const uint8_t *at)
{
    return vreinterpretq_s16_u8(vld1q_u8(at));
}

static inline int32x4_t multiply_add(int32x4_t sum, int16x8_t a, int16x8_t b)
{
    return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(a), vget_low_s16(b)), a, b);
}

/* Two sums of 32 bits, as in scalar: of k % 16 below 8 and of the others. */
static inline int64_t dot(const uint8_t *coefficients, const uint8_t *samples, size_t taps)
{
    int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0);
    for (size_t k = 0; k < taps; k += 16) {
        low = multiply_add(low, load(coefficients + 2 * k), load(samples + 2 * k));
        high = multiply_add(high, load(coefficients + 2 * k + 16), load(samples + 2 * k + 16));
    }
    return vaddlvq_s32(low) + vaddlvq_s32(high);
}

PW_RESAMPLE(pw_resample_neon)
{
    const size_t up = filter->up, taps = filter->taps;
    pw_resample_position at = pw_resample_start(filter, samples, time);
    for (size_t i = 0; i < n; i++, pw_resample_advance(&at, up)) {
        const uint8_t *coefficients = filter->coefficients + 2 * at.phase * taps;
        pw_store_s16(out + 2 * i, pw_resample_round(dot(coefficients, at.first, taps)));
    }
}

#endif
