/* What the fuzz targets share: the tables that this machine can fill, and blocks whose end ASan watches. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

/* libFuzzer's name for a target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Scalar first, then each level with those before it. A level that the machine lacks repeats the one before. */
enum { LEVELS = 4 };

static inline const pw_kernels *fuzz_table(unsigned level)
{
    static const unsigned masks[LEVELS] = {0, PW_ISA_AVX2 | PW_ISA_NEON, PW_ISA_AVX2 | PW_ISA_AVX512,
                                           PW_ISA_AVX2 | PW_ISA_AVX512 | PW_ISA_AVX512VBMI};
    static pw_kernels tables[LEVELS];
    static int filled = 0;
    for (; filled < LEVELS; filled++)
        pw_kernels_init(&tables[filled], masks[filled]);
    return &tables[level % LEVELS];
}

/* Runs are many, so each tries one thing: the first byte says which, and the rest is the input. */
typedef struct {
    const pw_kernels *scalar, *table;
    unsigned choice; /* 0-63 */
    uint8_t *in;     /* exactly size bytes */
    size_t size;
} fuzz_case;

static inline void *fuzz_block(size_t size)
{
    void *block = malloc(size > 0 ? size : 1);
    if (block == NULL)
        abort();
    return block;
}

/* Reads the first byte and copies the rest, `times` times. */
static inline fuzz_case fuzz_begin(const uint8_t *data, size_t size, size_t times)
{
    fuzz_case c = {.scalar = fuzz_table(0), .table = fuzz_table(data[0]), .choice = data[0] / LEVELS};
    c.size = (size - 1) * times;
    c.in = fuzz_block(c.size);
    for (size_t i = 0; i < times && size > 1; i++)
        memcpy(c.in + i * (size - 1), data + 1, size - 1);
    return c;
}

/* Most bytes become base64, so that decoders get beyond the first character; 248-255 stay as they are. */
static inline void fuzz_make_text(fuzz_case *c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < c->size; i++)
        if (c->in[i] < 248)
            c->in[i] = c->in[i] == 247 ? '=' : (uint8_t)alphabet[c->in[i] & 63];
}

static inline void fuzz_expect(int true_statement, const char *what)
{
    if (!true_statement) {
        fprintf(stderr, "fuzz: %s\n", what);
        abort();
    }
}

#endif
