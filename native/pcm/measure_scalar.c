/* Energy and peak in plain C: the reference for every other variant. */
#include "pcm.h"
#include "../target.h"

PW_PCM_MEASURE(pw_pcm_measure_scalar)
{
    pw_pcm_power power = {0, 0};
    for (size_t i = 0; i < n; i++) {
        const int32_t x = pw_load_s16(samples + 2 * i);
        const uint32_t magnitude = (uint32_t)(x < 0 ? -x : x);
        power.energy += (uint32_t)(x * x);
        if (magnitude > power.peak)
            power.peak = magnitude;
    }
    return power;
}
