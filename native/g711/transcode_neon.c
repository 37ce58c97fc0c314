/* Transcoding, 16 codewords at a time: a table of 128 as two lookups of 64. */
#include "g711.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

static inline size_t transcode(const uint8_t *from, size_t n, uint8_t *to, uint8_t complement, const uint8_t *numbers,
                               uint8_t new_complement)
{
    const uint8x16x4_t low = vld1q_u8_x4(numbers), high = vld1q_u8_x4(numbers + 64);
    const uint8x16_t sign = vdupq_n_u8(0x80);
    size_t i = 0;

    for (; n - i >= 16; i += 16) {
        const uint8x16_t c = vld1q_u8(from + i);
        const uint8x16_t index = vbicq_u8(veorq_u8(c, vdupq_n_u8(complement)), sign);
        /* An index of 64 and more yields 0 in the first lookup; in the second it finds its place, while those below 64
         * wrap around to 192 and more, and what they had stays. */
        const uint8x16_t found = vqtbx4q_u8(vqtbl4q_u8(low, index), high, vsubq_u8(index, vdupq_n_u8(64)));
        const uint8x16_t bits = veorq_u8(found, vdupq_n_u8(new_complement));
        vst1q_u8(to + i, vbslq_u8(sign, c, bits));
    }
    return i;
}

PW_TRANSCODE(pw_ulaw_to_alaw_neon)
{
    const size_t done = transcode(from, n, to, PW_ULAW_COMPLEMENT, pw_ulaw_to_alaw_numbers, PW_ALAW_COMPLEMENT);
    pw_ulaw_to_alaw_scalar(from + done, n - done, to + done);
}

PW_TRANSCODE(pw_alaw_to_ulaw_neon)
{
    const size_t done = transcode(from, n, to, PW_ALAW_COMPLEMENT, pw_alaw_to_ulaw_numbers, PW_ULAW_COMPLEMENT);
    pw_alaw_to_ulaw_scalar(from + done, n - done, to + done);
}

#endif
