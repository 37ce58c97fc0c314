/* Small operations on linear PCM: mixing, gain, byte order, channels, level.
 *
 * Samples are s16 in the machine's byte order, at any address: 2*n bytes. Where there are several inputs or outputs,
 * `count` pointers lead to n samples each, 1 <= count <= PW_PCM_MAX_COUNT. No output overlaps an input or another
 * output. Nothing can fail. */
#ifndef PW_PCM_H
#define PW_PCM_H

#include <stddef.h>
#include <stdint.h>

/* As many samples as this, each -2^15, are the least that 32 bits hold. */
#define PW_PCM_MAX_COUNT 65536

/* Gain is a factor of 16.16 bits: PW_PCM_UNITY leaves samples as they are. */
#define PW_PCM_UNITY 65536

/* `energy` is the sum of the squares, exact below 2^34 samples; `peak` the largest magnitude, at most 32768. */
typedef struct {
    uint64_t energy;
    uint32_t peak;
} pw_pcm_power;

/* Many inputs -> one output. mix: n samples, the clipped sums. interleave: count*n samples, sample 0 of every input,
 * then sample 1 of every input and so on. */
#define PW_PCM_GATHER(name) void name(const uint8_t *const *inputs, size_t count, size_t n, uint8_t *out)
/* count outputs, each the clipped sum of all inputs but its own. */
#define PW_PCM_MIX_MINUS(name) \
    void name(const uint8_t *const *inputs, size_t count, size_t n, uint8_t *const *outputs)
/* The inverse of interleave: count*n samples -> count outputs. */
#define PW_PCM_DEINTERLEAVE(name) void name(const uint8_t *samples, size_t count, size_t n, uint8_t *const *outputs)
/* 0 <= factor; products are rounded to the nearest sample, halves upwards, and clipped. */
#define PW_PCM_GAIN(name) void name(const uint8_t *samples, size_t n, int32_t factor, uint8_t *out)
#define PW_PCM_BYTESWAP(name) void name(const uint8_t *samples, size_t n, uint8_t *out)
#define PW_PCM_MEASURE(name) pw_pcm_power name(const uint8_t *samples, size_t n)

typedef PW_PCM_GATHER(pw_pcm_gather_fn);
typedef PW_PCM_MIX_MINUS(pw_pcm_mix_minus_fn);
typedef PW_PCM_DEINTERLEAVE(pw_pcm_deinterleave_fn);
typedef PW_PCM_GAIN(pw_pcm_gain_fn);
typedef PW_PCM_BYTESWAP(pw_pcm_byteswap_fn);
typedef PW_PCM_MEASURE(pw_pcm_measure_fn);

#define PW_PCM_VARIANTS(isa)                       \
    PW_PCM_GATHER(pw_pcm_mix_##isa);               \
    PW_PCM_GATHER(pw_pcm_interleave_##isa);        \
    PW_PCM_MIX_MINUS(pw_pcm_mix_minus_##isa);      \
    PW_PCM_DEINTERLEAVE(pw_pcm_deinterleave_##isa); \
    PW_PCM_GAIN(pw_pcm_gain_##isa);                \
    PW_PCM_BYTESWAP(pw_pcm_byteswap_##isa);        \
    PW_PCM_MEASURE(pw_pcm_measure_##isa)

PW_PCM_VARIANTS(scalar);
PW_PCM_VARIANTS(avx2);
PW_PCM_VARIANTS(neon);

#endif
