/* Mixing in plain C: the reference for every other variant. */
#include "pcm.h"
#include "../target.h"

static inline int16_t clip(int32_t value)
{
    return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

static inline int32_t total(const uint8_t *const *inputs, size_t count, size_t i)
{
    int32_t sum = 0;
    for (size_t j = 0; j < count; j++)
        sum += pw_load_s16(inputs[j] + 2 * i);
    return sum;
}

PW_PCM_GATHER(pw_pcm_mix_scalar)
{
    for (size_t i = 0; i < n; i++)
        pw_store_s16(out + 2 * i, clip(total(inputs, count, i)));
}

PW_PCM_MIX_MINUS(pw_pcm_mix_minus_scalar)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t sum = total(inputs, count, i);
        for (size_t j = 0; j < count; j++)
            pw_store_s16(outputs[j] + 2 * i, clip(sum - pw_load_s16(inputs[j] + 2 * i)));
    }
}
