/* The Goertzel algorithm in plain C: the reference for every other variant. */
#include "goertzel.h"
#include "../target.h"

/* Resonators that run side by side: the next state of one has to wait for its last, and a processor multiplies for the
 * others meanwhile. */
enum { ABREAST = 4 };

static inline int32_t step(int32_t sample, int32_t cosine, int32_t last, int32_t before)
{
    return (int32_t)(PW_GOERTZEL_SCALE * (int64_t)sample +
                     (((int64_t)cosine * last) >> (PW_GOERTZEL_BITS - 1)) - before);
}

static inline void run(const uint8_t *samples, size_t n, const pw_goertzel_tone *tones, size_t count,
                       pw_goertzel_bin *bins)
{
    int32_t last[ABREAST] = {0}, before[ABREAST] = {0};
    for (size_t i = 0; i < n; i++) {
        const int32_t sample = pw_load_s16(samples + 2 * i);
        for (size_t j = 0; j < count; j++) {
            const int32_t next = step(sample, tones[j].cosine, last[j], before[j]);
            before[j] = last[j];
            last[j] = next;
        }
    }
    for (size_t j = 0; j < count; j++)
        bins[j] = pw_goertzel_end(&tones[j], last[j], before[j]);
}

PW_GOERTZEL(pw_goertzel_scalar)
{
    for (; count >= ABREAST; count -= ABREAST, tones += ABREAST, bins += ABREAST)
        run(samples, n, tones, ABREAST, bins);
    run(samples, n, tones, count, bins);
}
