/* Base64 in plain C: the reference for every other variant. Source: RFC 4648 section 4. */
#include "base64.h"

const uint8_t pw_base64_alphabet[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
    'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r',
    's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

/* Computed by the compiler. */
enum { BAD = 0xFF };
#define BETWEEN(c, first, last, base) ((c) >= (first) && (c) <= (last)) ? (c) - (first) + (base)
#define VALUE(c) \
    (uint8_t)(BETWEEN(c, 'A', 'Z', 0) : BETWEEN(c, 'a', 'z', 26) : BETWEEN(c, '0', '9', 52) \
              : (c) == '+' ? 62 : (c) == '/' ? 63 : BAD)
#define TIMES_4(f, c) f(c), f(c + 1), f(c + 2), f(c + 3)
#define TIMES_16(f, c) TIMES_4(f, c), TIMES_4(f, c + 4), TIMES_4(f, c + 8), TIMES_4(f, c + 12)
#define TIMES_64(f, c) TIMES_16(f, c), TIMES_16(f, c + 16), TIMES_16(f, c + 32), TIMES_16(f, c + 48)
#define TIMES_256(f) TIMES_64(f, 0), TIMES_64(f, 64), TIMES_64(f, 128), TIMES_64(f, 192)

const uint8_t pw_base64_values[256] = {TIMES_256(VALUE)};

/* aaaaaabb bbbbcccc ccdddddd -> a b c d */
static inline void encode_group(const uint8_t *data, uint8_t *text)
{
    text[0] = pw_base64_alphabet[data[0] >> 2];
    text[1] = pw_base64_alphabet[(data[0] << 4 | data[1] >> 4) & 63];
    text[2] = pw_base64_alphabet[(data[1] << 2 | data[2] >> 6) & 63];
    text[3] = pw_base64_alphabet[data[2] & 63];
}

PW_BASE64_ENCODE(pw_base64_encode_scalar)
{
    for (; n >= 3; n -= 3, data += 3, text += 4)
        encode_group(data, text);
    if (n > 0) {
        const uint8_t last[3] = {data[0], n == 2 ? data[1] : 0, 0};
        encode_group(last, text);
        text[3] = '=';
        if (n == 1)
            text[2] = '=';
    }
}

/* False when a character is bad; nothing is written then. */
static inline int decode_group(const uint8_t *text, uint8_t *data)
{
    const uint8_t a = pw_base64_values[text[0]], b = pw_base64_values[text[1]];
    const uint8_t c = pw_base64_values[text[2]], d = pw_base64_values[text[3]];
    if ((a | b | c | d) >= 64)
        return 0;
    data[0] = (uint8_t)(a << 2 | b >> 4);
    data[1] = (uint8_t)(b << 4 | c >> 2);
    data[2] = (uint8_t)(c << 6 | d);
    return 1;
}

/* The last group, with one or two '='. The bits that padding discards must be zero. */
static int decode_padded_group(const uint8_t *text, size_t padding, uint8_t *data)
{
    const uint8_t group[4] = {text[0], text[1], padding == 2 ? 'A' : text[2], 'A'};
    uint8_t bytes[3];
    if (!decode_group(group, bytes) || bytes[2] != 0 || (padding == 2 && bytes[1] != 0))
        return 0;
    data[0] = bytes[0];
    if (padding == 1)
        data[1] = bytes[1];
    return 1;
}

PW_BASE64_DECODE(pw_base64_decode_scalar)
{
    const size_t padding = n % 4 == 0 ? pw_base64_padding(text, n) : 0;
    const size_t whole = n / 4 - (padding != 0); /* groups without padding */

    for (size_t i = 0; i < whole; i++)
        if (!decode_group(text + 4 * i, data + 3 * i))
            return pw_base64_first_bad(text, n);
    if (padding != 0 && !decode_padded_group(text + 4 * whole, padding, data + 3 * whole))
        return pw_base64_first_bad(text, n);
    return n % 4 == 0 ? PW_BASE64_VALID : pw_base64_first_bad(text, n);
}

size_t pw_base64_first_bad(const uint8_t *text, size_t n)
{
    const size_t padding = pw_base64_padding(text, n);
    const size_t characters = n - padding;
    const size_t places = characters % 4; /* taken in the last group by characters that are not padding */

    for (size_t i = 0; i < characters; i++)
        if (pw_base64_values[text[i]] == BAD)
            return i;
    if (padding > 0 && places < 2)
        return characters; /* '=' in the first or second place */
    if (padding == 2 && places == 3)
        return n - 1; /* the first '=' completes the group */
    if (padding > 0 && (pw_base64_values[text[characters - 1]] & (places == 2 ? 15 : 3)) != 0)
        return characters - 1;
    return n % 4 == 0 ? PW_BASE64_VALID : n;
}
