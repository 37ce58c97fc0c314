/* Conversion between sample rates by a polyphase FIR filter.
 *
 * Samples are s16 in the machine's byte order, at any address.
 *
 * Output times are counted in units of 1/up of an input sample. Output i lies at time + i*down; with phase = that time
 * modulo up and first = that time divided by up, it is the dot product of the phase's coefficients and the `taps`
 * samples from `first` on, divided by PW_RESAMPLE_UNITY, rounded to the nearest sample (halves upwards) and clipped. */
#ifndef PW_RESAMPLE_H
#define PW_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Coefficients are s16 of 1.15 bits. In each phase, the magnitudes of those with k % 16 < 8 sum to less than 2^16, and
 * so do the others: either half of the dot product fits in 32 bits, although the whole may not. */
#define PW_RESAMPLE_SHIFT 15
#define PW_RESAMPLE_UNITY (1 << PW_RESAMPLE_SHIFT)

typedef struct {
    const uint8_t *coefficients; /* up * taps, phase after phase, in the order of the samples that they multiply */
    size_t taps;                 /* of one phase: a multiple of 32 */
    size_t up, down;             /* outputs and inputs of one period; at least 1 */
} pw_polyphase;

/* n outputs from `time` on: reads no further than the last output needs. Input and output do not overlap. */
#define PW_RESAMPLE(name) \
    void name(const pw_polyphase *filter, const uint8_t *samples, size_t time, size_t n, uint8_t *out)
typedef PW_RESAMPLE(pw_resample_fn);

PW_RESAMPLE(pw_resample_scalar);
PW_RESAMPLE(pw_resample_avx2);
PW_RESAMPLE(pw_resample_neon);

/* A dot product times PW_RESAMPLE_UNITY -> a sample. */
static inline int16_t pw_resample_round(int64_t sum)
{
    const int64_t sample = (sum + PW_RESAMPLE_UNITY / 2) >> PW_RESAMPLE_SHIFT;
    return (int16_t)(sample < INT16_MIN ? INT16_MIN : sample > INT16_MAX ? INT16_MAX : sample);
}

/* Where an output is, so that the next one needs no division. */
typedef struct {
    const uint8_t *first; /* of the samples that it is made of */
    size_t phase;
    size_t samples, phases; /* to the next: down / up and down % up */
} pw_resample_position;

static inline pw_resample_position pw_resample_start(const pw_polyphase *filter, const uint8_t *samples, size_t time)
{
    return (pw_resample_position){
        .first = samples + 2 * (time / filter->up),
        .phase = time % filter->up,
        .samples = filter->down / filter->up,
        .phases = filter->down % filter->up,
    };
}

static inline void pw_resample_advance(pw_resample_position *at, size_t up)
{
    at->first += 2 * at->samples;
    at->phase += at->phases;
    if (at->phase >= up) {
        at->phase -= up;
        at->first += 2;
    }
}

#endif
