/* Energy and peak, 8 samples at a time. */
#include "pcm.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

PW_PCM_MEASURE(pw_pcm_measure_neon)
{
    uint64x2_t energy = vdupq_n_u64(0);
    uint16x8_t peak = vdupq_n_u16(0);
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        const int16x8_t x = vreinterpretq_s16_u8(vld1q_u8(samples + 2 * i));
        const int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(x)), high = vmull_high_s16(x, x);
        energy = vpadalq_u32(energy, vreinterpretq_u32_s32(low));
        energy = vpadalq_u32(energy, vreinterpretq_u32_s32(high));
        /* The magnitude of -32768 stays 0x8000: unsigned. */
        peak = vmaxq_u16(peak, vreinterpretq_u16_s16(vabsq_s16(x)));
    }
    pw_pcm_power power = pw_pcm_measure_scalar(samples + 2 * i, n - i);
    const uint32_t vector_peak = vmaxvq_u16(peak);
    power.energy += vaddvq_u64(energy);
    power.peak = vector_peak > power.peak ? vector_peak : power.peak;
    return power;
}

#endif
