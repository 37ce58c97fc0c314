/* Interleaving two channels, as telephony has them, 8 samples of each at a time; more channels go to scalar. */
#include "pcm.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

static inline uint16x8_t load(const uint8_t *samples)
{
    return vreinterpretq_u16_u8(vld1q_u8(samples));
}

static inline void store(uint8_t *samples, uint16x8_t x)
{
    vst1q_u8(samples, vreinterpretq_u8_u16(x));
}

static inline void join(const uint8_t *const *inputs, size_t i, uint8_t *out)
{
    const uint16x8_t a = load(inputs[0] + 2 * i), b = load(inputs[1] + 2 * i);
    store(out + 4 * i, vzip1q_u16(a, b));      /* a0 b0 - a3 b3 */
    store(out + 4 * i + 16, vzip2q_u16(a, b)); /* a4 b4 - a7 b7 */
}

static inline void split(const uint8_t *samples, size_t i, uint8_t *const *outputs)
{
    const uint16x8_t low = load(samples + 4 * i), high = load(samples + 4 * i + 16);
    store(outputs[0] + 2 * i, vuzp1q_u16(low, high));
    store(outputs[1] + 2 * i, vuzp2q_u16(low, high));
}

/* No output overlaps an input: the last vector may do some samples again, so that it ends where they end. */
PW_PCM_GATHER(pw_pcm_interleave_neon)
{
    if (count != 2 || n < 8) {
        pw_pcm_interleave_scalar(inputs, count, n, out);
        return;
    }
    for (size_t i = 0; n - i >= 8; i += 8)
        join(inputs, i, out);
    join(inputs, n - 8, out);
}

PW_PCM_DEINTERLEAVE(pw_pcm_deinterleave_neon)
{
    if (count != 2 || n < 8) {
        pw_pcm_deinterleave_scalar(samples, count, n, outputs);
        return;
    }
    for (size_t i = 0; n - i >= 8; i += 8)
        split(samples, i, outputs);
    split(samples, n - 8, outputs);
}

#endif
