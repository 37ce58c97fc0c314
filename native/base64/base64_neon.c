/* Base64, 48 bytes or 64 characters at a time. The loads and stores that take bytes apart by threes and fours leave
 * shifts and lookups only. */
#include "base64.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

/* Of 16 groups, bytes A B C (aaaaaabb bbbbcccc ccdddddd) -> values a b c d. */
static inline uint8x16x4_t split_into_sixes(uint8x16x3_t bytes)
{
    const uint8x16_t six = vdupq_n_u8(63);
    uint8x16x4_t values;
    values.val[0] = vshrq_n_u8(bytes.val[0], 2);
    /* vsli shifts its second operand left and keeps the low bits of its first. */
    values.val[1] = vandq_u8(vsliq_n_u8(vshrq_n_u8(bytes.val[1], 4), bytes.val[0], 4), six);
    values.val[2] = vandq_u8(vsliq_n_u8(vshrq_n_u8(bytes.val[2], 6), bytes.val[1], 2), six);
    values.val[3] = vandq_u8(bytes.val[2], six);
    return values;
}

PW_BASE64_ENCODE(pw_base64_encode_neon)
{
    const uint8x16x4_t alphabet = vld1q_u8_x4(pw_base64_alphabet);
    for (; n >= 48; n -= 48, data += 48, text += 64) {
        uint8x16x4_t characters = split_into_sixes(vld3q_u8(data));
        for (int i = 0; i < 4; i++)
            characters.val[i] = vqtbl4q_u8(alphabet, characters.val[i]);
        vst4q_u8(text, characters);
    }
    pw_base64_encode_scalar(data, n, text);
}

/* Values by character, 0-63 and 64-127; bit 7 where the character is not of the alphabet. */
typedef struct {
    uint8x16x4_t low, high;
} value_table;

/* Characters -> values 0-63. Bit 7 of `bad` becomes set where a character is outside the alphabet. */
static inline uint8x16_t values_of(uint8x16_t characters, const value_table *table, uint8x16_t *bad)
{
    /* A character of 64 and more yields 0 in the first lookup; in the second, those below 64 wrap around to 192 and
     * more, and what they had stays. Those of 128 and more are in neither, but have bit 7 themselves. */
    const uint8x16_t low = vqtbl4q_u8(table->low, characters);
    const uint8x16_t values = vqtbx4q_u8(low, table->high, vsubq_u8(characters, vdupq_n_u8(64)));
    *bad = vorrq_u8(*bad, vorrq_u8(values, characters));
    return values;
}

/* Of 16 groups, values a b c d -> bytes aaaaaabb bbbbcccc ccdddddd. */
static inline uint8x16x3_t join_sixes(uint8x16x4_t values)
{
    uint8x16x3_t bytes;
    bytes.val[0] = vsliq_n_u8(vshrq_n_u8(values.val[1], 4), values.val[0], 2);
    bytes.val[1] = vsliq_n_u8(vshrq_n_u8(values.val[2], 2), values.val[1], 4);
    bytes.val[2] = vsliq_n_u8(values.val[3], values.val[2], 6);
    return bytes;
}

PW_BASE64_DECODE(pw_base64_decode_neon)
{
    const value_table table = {vld1q_u8_x4(pw_base64_values), vld1q_u8_x4(pw_base64_values + 64)};
    size_t i = 0;
    /* The last group may be padded: it is left to scalar. */
    for (; n - i > 64; i += 64) {
        uint8x16x4_t characters = vld4q_u8(text + i);
        uint8x16_t bad = vdupq_n_u8(0);
        for (int j = 0; j < 4; j++)
            characters.val[j] = values_of(characters.val[j], &table, &bad);
        if (vmaxvq_u8(bad) >= 0x80)
            return pw_base64_first_bad(text, n);
        vst3q_u8(data + i / 4 * 3, join_sixes(characters));
    }
    const size_t bad = pw_base64_decode_scalar(text + i, n - i, data + i / 4 * 3);
    return bad == PW_BASE64_VALID ? PW_BASE64_VALID : i + bad;
}

#endif
