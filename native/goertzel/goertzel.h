/* How much of a tone is in a piece of audio: the Goertzel algorithm, in integers.
 *
 * Samples are s16 in the machine's byte order, at any address. For each tone a resonator runs over the n samples,
 *
 *     state = 16*sample + (2*cos(angle) * previous, rounded downwards) - before_that,
 *
 * and its last two states give the bin: 16 times the sum of sample * e^(i*angle*(n - 1 - index)), rounded. Every step is
 * exact in 32 bits or rounds downwards, so that all variants give the same bits; the 16 keeps that rounding far below
 * the noise of a sample. The recursion has no end of its own to wait for, as a filter of a fixed length has, and a tone
 * needs three numbers instead of a table. Source: G. Goertzel, "An Algorithm for the Evaluation of Finite Trigonometric
 * Series" (1958). */
#ifndef PW_GOERTZEL_H
#define PW_GOERTZEL_H

#include <stddef.h>
#include <stdint.h>

#define PW_GOERTZEL_SCALE 16 /* of samples, in the states */
#define PW_GOERTZEL_BITS 30  /* of what is behind the point in a cosine; in twice a cosine one less */

/* States stay below 2^31 while n < 4096 * |sin(angle)|. The lowest of our tones has 0.52, the highest harmonic 0.54. */
#define PW_GOERTZEL_MAX_N 1024

/* angle = 2*pi * frequency / sample rate. */
typedef struct {
    int32_t cosine, sine; /* of the angle, * 2^30 */
} pw_goertzel_tone;

typedef struct {
    int32_t re, im;
} pw_goertzel_bin;

/* n <= PW_GOERTZEL_MAX_N samples -> a bin for each of `count` tones. */
#define PW_GOERTZEL(name) \
    void name(const uint8_t *samples, size_t n, const pw_goertzel_tone *tones, size_t count, pw_goertzel_bin *bins)
typedef PW_GOERTZEL(pw_goertzel_fn);

PW_GOERTZEL(pw_goertzel_scalar);
PW_GOERTZEL(pw_goertzel_avx2);
PW_GOERTZEL(pw_goertzel_neon);

/* The last two states of a resonator -> its bin. */
static inline pw_goertzel_bin pw_goertzel_end(const pw_goertzel_tone *tone, int32_t last, int32_t before)
{
    return (pw_goertzel_bin){
        .re = (int32_t)(last - (((int64_t)before * tone->cosine) >> PW_GOERTZEL_BITS)),
        .im = (int32_t)(((int64_t)before * tone->sine) >> PW_GOERTZEL_BITS),
    };
}

#endif
