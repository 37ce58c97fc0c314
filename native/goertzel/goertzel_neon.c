/* The Goertzel algorithm, 8 tones at a time. */
#include "goertzel.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

typedef struct {
    int32x4_t cosine, last, before;
} resonators;

static inline resonators begin(const pw_goertzel_tone *tones)
{
    /* Cosines and sines take turns: loaded apart. */
    return (resonators){vld2q_s32((const int32_t *)(const void *)tones).val[0], vdupq_n_s32(0), vdupq_n_s32(0)};
}

static inline resonators step(resonators r, int32x4_t sample)
{
    const int64x2_t low = vmull_s32(vget_low_s32(r.cosine), vget_low_s32(r.last));
    const int64x2_t high = vmull_high_s32(r.cosine, r.last);
    const int32x2_t low_half = vshrn_n_s64(low, PW_GOERTZEL_BITS - 1);
    const int32x4_t product = vshrn_high_n_s64(low_half, high, PW_GOERTZEL_BITS - 1);
    return (resonators){r.cosine, vaddq_s32(vsubq_s32(sample, r.before), product), r.last};
}

static inline void end(resonators r, const pw_goertzel_tone *tones, pw_goertzel_bin *bins)
{
    int32_t last[4], before[4];
    vst1q_s32(last, r.last);
    vst1q_s32(before, r.before);
    for (size_t j = 0; j < 4; j++)
        bins[j] = pw_goertzel_end(&tones[j], last[j], before[j]);
}

PW_GOERTZEL(pw_goertzel_neon)
{
    for (; count >= 8; count -= 8, tones += 8, bins += 8) {
        resonators low = begin(tones), high = begin(tones + 4);
        for (size_t i = 0; i < n; i++) {
            const int32x4_t sample = vdupq_n_s32(PW_GOERTZEL_SCALE * pw_load_s16(samples + 2 * i));
            low = step(low, sample);
            high = step(high, sample);
        }
        end(low, tones, bins);
        end(high, tones + 4, bins + 4);
    }
    pw_goertzel_scalar(samples, n, tones, count, bins);
}

#endif
