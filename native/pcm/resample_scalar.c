/* The polyphase filter in plain C: the reference for every other variant. */
#include "resample.h"
#include "../target.h"

static inline int32_t product(const uint8_t *coefficients, const uint8_t *samples, size_t k)
{
    return pw_load_s16(coefficients + 2 * k) * pw_load_s16(samples + 2 * k);
}

/* Two sums of 32 bits in loops of fixed length: what compilers need to multiply and add pairs of 16 bits at once. */
static inline int64_t dot(const uint8_t *coefficients, const uint8_t *samples, size_t taps)
{
    int32_t low = 0, high = 0;
    for (size_t k = 0; k < taps; k += 16) {
        for (size_t j = 0; j < 8; j++)
            low += product(coefficients, samples, k + j);
        for (size_t j = 8; j < 16; j++)
            high += product(coefficients, samples, k + j);
    }
    return (int64_t)low + high;
}

PW_RESAMPLE(pw_resample_scalar)
{
    for (size_t i = 0; i < n; i++, time += filter->down) {
        const size_t phase = time % filter->up, first = time / filter->up;
        const uint8_t *coefficients = filter->coefficients + 2 * phase * filter->taps;
        pw_store_s16(out + 2 * i, pw_resample_round(dot(coefficients, samples + 2 * first, filter->taps)));
    }
}
