/* Invariant: every variant of every G.711 kernel gives what scalar gives, splitting gives the channels, and nothing
 * else is touched. */
#include "fuzz.h"

typedef struct {
    pw_g711_encode_fn *scalar, *variant;
    size_t item_size, new_size;
} pair;

/* Stereo to its channels has no variants: held against what it means, one channel behind the other. */
static void split_reference(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < 2 * n; i++)
        out[i % 2 * n + i / 2] = in[i];
}

static void split(const uint8_t *in, size_t n, uint8_t *out)
{
    pw_g711_split(in, n, out, out + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const fuzz_case c = fuzz_begin(data, size, 1);
    const pw_kernels *s = c.scalar, *t = c.table;
    const pair pairs[] = {
        {s->ulaw_encode, t->ulaw_encode, 2, 1},   {s->ulaw_encode_audioop, t->ulaw_encode_audioop, 2, 1},
        {s->alaw_encode, t->alaw_encode, 2, 1},   {s->ulaw_decode, t->ulaw_decode, 1, 2},
        {s->alaw_decode, t->alaw_decode, 1, 2},   {s->ulaw_to_alaw, t->ulaw_to_alaw, 1, 1},
        {s->alaw_to_ulaw, t->alaw_to_ulaw, 1, 1}, {split_reference, split, 2, 2},
    };
    const pair p = pairs[c.choice % (sizeof pairs / sizeof *pairs)];
    const size_t n = c.size / p.item_size;
    /* An odd byte is left over at the beginning: the end must be where the block ends. */
    const uint8_t *in = c.in + c.size % p.item_size;
    uint8_t *expected = fuzz_block(n * p.new_size), *out = fuzz_block(n * p.new_size);

    p.scalar(in, n, expected);
    p.variant(in, n, out);
    fuzz_expect(memcmp(expected, out, n * p.new_size) == 0, "a G.711 kernel differs from scalar");
    free(out);
    free(expected);
    free(c.in);
    return 0;
}
