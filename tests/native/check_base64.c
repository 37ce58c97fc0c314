#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encoded_size(const uint8_t *in, size_t n)
{
    (void)in;
    return pw_base64_encoded_size(n);
}

static size_t decoded_samples_size(const uint8_t *in, size_t n)
{
    return 2 * pw_base64_decoded_size(in, n);
}

static void fill_bytes(uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        in[i] = (uint8_t)(check_random() >> 8);
}

static void fill_samples(uint8_t *in, size_t n)
{
    fill_bytes(in, 2 * n);
}

/* One time in two good text, with padding or without; otherwise one byte is anything. */
static void fill_text(uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        in[i] = (uint8_t)alphabet[check_random() >> 26];
    if (n >= 4 && n % 4 == 0) {
        const uint32_t padding = check_random() % 3;
        static const char *const ends[] = {"AA", "A=", "=="};
        memcpy(in + n - 2, ends[padding], 2);
        if (padding == 2)
            in[n - 3] = 'Q';
    }
    if (n > 0 && check_random() % 2)
        in[check_random() % n] = (uint8_t)(check_random() >> 8);
}

size_t base64_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table)
{
    const operation all[] = {
        {"base64_encode", 1, encoded_size, fill_bytes, CONVERT(scalar->base64_encode), CONVERT(table->base64_encode)},
        {"base64_decode", 1, pw_base64_decoded_size, fill_text, DECODE(scalar->base64_decode),
         DECODE(table->base64_decode)},
    };
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof *all;
}

size_t payload_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table)
{
#define ENCODE(name) {#name, 2, encoded_size, fill_samples, CONVERT(scalar->name), CONVERT(table->name)}
#define READ(name) {#name, 1, decoded_samples_size, fill_text, DECODE(scalar->name), DECODE(table->name)}
    const operation all[] = {
        ENCODE(ulaw_payload_encode), ENCODE(alaw_payload_encode), READ(ulaw_payload_decode), READ(alaw_payload_decode),
    };
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof *all;
}

/* All 2^24 groups of three bytes there and back, 2^16 at a time. */
static void every_group(const pw_kernels *scalar, const pw_kernels *table)
{
    enum { GROUPS = 65536 };
    uint8_t *data = malloc(3 * GROUPS), *text = malloc(4 * GROUPS), *expected = malloc(4 * GROUPS);
    if (data == NULL || text == NULL || expected == NULL)
        abort();
    for (uint32_t first = 0; first < 256; first++) {
        for (uint32_t i = 0; i < GROUPS; i++) {
            data[3 * i] = (uint8_t)first;
            data[3 * i + 1] = (uint8_t)(i >> 8);
            data[3 * i + 2] = (uint8_t)i;
        }
        scalar->base64_encode(data, 3 * GROUPS, expected);
        table->base64_encode(data, 3 * GROUPS, text);
        if (memcmp(text, expected, 4 * GROUPS) != 0)
            check_fail("base64_encode", "a group of three bytes differs", first, 0);
        if (table->base64_decode(text, 4 * GROUPS, expected) != PW_BASE64_VALID ||
            memcmp(data, expected, 3 * GROUPS) != 0)
            check_fail("base64_decode", "a group of four characters differs", first, 0);
    }
    free(expected);
    free(text);
    free(data);
}

/* Every byte at every position of texts that take each path of a decoder. */
static void every_bad_byte(const pw_kernels *scalar, const pw_kernels *table)
{
    static const size_t lengths[] = {4, 8, 32, 36, 64, 68, 72, 128, 132, 216, 256, 260, 300};
    uint8_t text[300], out[225];
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const size_t n = lengths[i];
        memset(text, 'A', n);
        for (size_t position = 0; position < n; position++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                text[position] = (uint8_t)byte;
                if (table->base64_decode(text, n, out) != scalar->base64_decode(text, n, out))
                    check_fail("base64_decode", "offset of a bad character differs", n, position);
            }
            text[position] = 'A';
        }
    }
}

void base64_exhaustive(const pw_kernels *scalar, const pw_kernels *table)
{
    every_group(scalar, table);
    every_bad_byte(scalar, table);
}
