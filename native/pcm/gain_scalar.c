/* Gain in plain C: the reference for every other variant. */
#include "pcm.h"
#include "../target.h"

static inline int16_t clip(int32_t value)
{
    return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

/* sample * factor >> 16 in 32 bits, by halves of the factor: the high half gives whole samples, the low half
 * fractions. |sample| * high < 2^30 and |sample| * low + half < 2^31. */
PW_PCM_GAIN(pw_pcm_gain_scalar)
{
    const int32_t high = factor >> 16, low = factor & 0xFFFF, half = 0x8000;
    for (size_t i = 0; i < n; i++) {
        const int32_t x = pw_load_s16(samples + 2 * i);
        pw_store_s16(out + 2 * i, clip(x * high + ((x * low + half) >> 16)));
    }
}
