/* Base64, RFC 4648 section 4, strict. Input and output must not overlap. */
#ifndef PW_BASE64_H
#define PW_BASE64_H

#include <stddef.h>
#include <stdint.h>

#define PW_BASE64_VALID ((size_t)-1)

/* n bytes -> exactly pw_base64_encoded_size(n) characters. */
#define PW_BASE64_ENCODE(name) void name(const uint8_t *data, size_t n, uint8_t *text)

/* n characters -> exactly pw_base64_decoded_size(text, n) bytes.
 * Returns PW_BASE64_VALID, or pw_base64_first_bad(text, n); then the bytes written are meaningless. */
#define PW_BASE64_DECODE(name) size_t name(const uint8_t *text, size_t n, uint8_t *data)

typedef PW_BASE64_ENCODE(pw_base64_encode_fn);
typedef PW_BASE64_DECODE(pw_base64_decode_fn);

#define PW_BASE64_VARIANTS(isa)            \
    PW_BASE64_ENCODE(pw_base64_encode_##isa); \
    PW_BASE64_DECODE(pw_base64_decode_##isa)

PW_BASE64_VARIANTS(scalar);
PW_BASE64_VARIANTS(avx2);
PW_BASE64_VARIANTS(avx512);
PW_BASE64_VARIANTS(avx512vbmi);
PW_BASE64_VARIANTS(neon);

/* Value -> character, and character -> value; 0xFF where the character is not of the alphabet. */
extern const uint8_t pw_base64_alphabet[64];
extern const uint8_t pw_base64_values[256];

/* n must be at most SIZE_MAX / 4 * 3. */
static inline size_t pw_base64_encoded_size(size_t n)
{
    return (n / 3 + (n % 3 != 0)) * 4;
}

/* How many of the last two characters are padding. */
static inline size_t pw_base64_padding(const uint8_t *text, size_t n)
{
    if (n < 2 || text[n - 1] != '=')
        return 0;
    return text[n - 2] == '=' ? 2 : 1;
}

/* Exact for valid text. Otherwise an upper bound of what a decoder writes: whole groups only. */
static inline size_t pw_base64_decoded_size(const uint8_t *text, size_t n)
{
    return n / 4 * 3 - (n % 4 == 0 ? pw_base64_padding(text, n) : 0);
}

/* The rule for errors: the index of the first character that is
 *   - outside the alphabet, or
 *   - '=' and not padding: padding is one or two '=' at the end, in the third and fourth place of a group, or
 *   - carrying non-zero bits that the padding after it discards;
 * n where only characters are missing at the end; PW_BASE64_VALID where nothing is wrong. */
size_t pw_base64_first_bad(const uint8_t *text, size_t n);

#endif
