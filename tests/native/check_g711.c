#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t same_size(const uint8_t *in, size_t n)
{
    (void)in;
    return n;
}

static size_t twice_the_size(const uint8_t *in, size_t n)
{
    (void)in;
    return 2 * n;
}

static void fill_bytes(uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        in[i] = (uint8_t)(check_random() >> 8);
}

/* Loud and faint samples alike: a random number of leading bits is the sign. */
static void fill_samples(uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t random = check_random();
        const int16_t sample = (int16_t)((int16_t)(random >> 16) >> (random & 15));
        memcpy(in + 2 * i, &sample, 2);
    }
}

/* Has no variants: held against what it means. The harness knows one output, with both channels in it. */
static const pw_kernels *split_table;

static void split_reference(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < 2 * n; i++)
        out[i % 2 * n + i / 2] = in[i];
}

static void split(const uint8_t *in, size_t n, uint8_t *out)
{
    split_table->g711_split(in, n, out, out + n);
}

static void fill_pairs(uint8_t *in, size_t n)
{
    fill_bytes(in, 2 * n);
}

size_t g711_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table)
{
#define ENCODE(name) {#name, 2, same_size, fill_samples, CONVERT(scalar->name), CONVERT(table->name)}
#define TRANSCODE(name) {#name, 1, same_size, fill_bytes, CONVERT(scalar->name), CONVERT(table->name)}
#define EXPAND(name) {#name, 1, twice_the_size, fill_bytes, CONVERT(scalar->name), CONVERT(table->name)}
    const operation all[] = {
        ENCODE(ulaw_encode),       ENCODE(ulaw_encode_audioop), ENCODE(alaw_encode),     EXPAND(ulaw_decode),
        EXPAND(alaw_decode),       TRANSCODE(ulaw_to_alaw),     TRANSCODE(alaw_to_ulaw),
        {"split", 2, twice_the_size, fill_pairs, CONVERT(split_reference), CONVERT(split)},
    };
    split_table = table;
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof *all;
}

/* All 65,536 samples and all 256 codewords, so placed that each meets every position in a vector. */
void g711_exhaustive(const pw_kernels *scalar, const pw_kernels *table)
{
    enum { SAMPLES = 65536, POSITIONS = 64 };
    operation all[MAX_OPERATIONS];
    const size_t count = g711_operations(all, scalar, table);
    uint8_t *in = malloc(2 * SAMPLES), *expected = malloc(2 * SAMPLES), *out = malloc(2 * SAMPLES);
    if (in == NULL || expected == NULL || out == NULL)
        abort();

    for (size_t position = 0; position < POSITIONS; position++)
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < SAMPLES; j++) {
                const uint16_t value = (uint16_t)(j + position);
                if (all[i].item_size == 2)
                    memcpy(in + 2 * j, &value, 2);
                else
                    in[j] = (uint8_t)value;
            }
            const size_t n = all[i].item_size == 2 ? SAMPLES : SAMPLES / 2;
            all[i].reference.convert(in, n, expected);
            all[i].variant.convert(in, n, out);
            if (memcmp(out, expected, all[i].out_size(in, n)) != 0)
                check_fail(all[i].name, "exhaustive output differs", n, position);
        }
    free(out);
    free(expected);
    free(in);
}
