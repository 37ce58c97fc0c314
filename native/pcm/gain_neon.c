/* Gain, 8 samples at a time; the arithmetic is that of scalar. */
#include "pcm.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

/* 4 samples times a factor of 16.16 bits, in its two halves. */
static inline int32x4_t scale(int32x4_t x, int32_t high, int32_t low)
{
    const int32x4_t half = vdupq_n_s32(0x8000);
    const int32x4_t fractions = vshrq_n_s32(vmlaq_n_s32(half, x, low), 16);
    return vmlaq_n_s32(fractions, x, high);
}

PW_PCM_GAIN(pw_pcm_gain_neon)
{
    const int32_t high = factor >> 16, low = factor & 0xFFFF;
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const int16x8_t x = vreinterpretq_s16_u8(vld1q_u8(samples + 2 * i));
        const int32x4_t first = scale(vmovl_s16(vget_low_s16(x)), high, low);
        const int32x4_t second = scale(vmovl_high_s16(x), high, low);
        vst1q_u8(out + 2 * i, vreinterpretq_u8_s16(vqmovn_high_s32(vqmovn_s32(first), second)));
    }
    pw_pcm_gain_scalar(samples + 2 * i, n - i, factor, out + 2 * i);
}

#endif
