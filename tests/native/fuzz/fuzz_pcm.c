/* Invariant: every variant of every operation on linear PCM gives what scalar gives, and touches nothing else. */
#include "fuzz.h"

enum { MOST = 4, TAPS = 32, OUTPUTS = 32 };

/* n samples of each of `count` channels, one channel after the other, end where the block ends. */
typedef struct {
    const pw_kernels *table;
    size_t count, n;
    const uint8_t *in;
    uint8_t *out; /* count * n samples */
} run;

static void places(const run *r, const uint8_t **inputs, uint8_t **outputs)
{
    for (size_t i = 0; i < r->count; i++) {
        inputs[i] = r->in + 2 * r->n * i;
        outputs[i] = r->out + 2 * r->n * i;
    }
}

/* Steep and crooked, all the taps of phase 0 of one sign, as great as the contract allows. */
static const uint8_t *coefficients(void)
{
    static int16_t values[3 * TAPS];
    for (int i = 0; i < 3 * TAPS; i++)
        values[i] = (int16_t)(i < TAPS ? 4095 : i % 2 ? -4095 : 4000 - 40 * i);
    return (const uint8_t *)values;
}

static void resample(const run *r)
{
    const pw_polyphase filter = {coefficients(), TAPS, 3, r->count};
    const size_t n = r->count * r->n; /* all the input, as one channel */
    if (n >= TAPS) {
        const size_t fit = ((n - TAPS + 1) * 3 + r->count - 1) / r->count; /* outputs that the input is enough for */
        r->table->resample(&filter, r->in, 0, fit < OUTPUTS ? fit : OUTPUTS, r->out);
    }
}

static void measure(const run *r)
{
    const pw_pcm_power power = r->table->pcm_measure(r->in, r->count * r->n);
    if (r->count * r->n >= 8) { /* else there is no room for it */
        memcpy(r->out, &power.energy, sizeof power.energy);
        memcpy(r->out + sizeof power.energy, &power.peak, sizeof power.peak);
    }
}

static void operate(const run *r, unsigned choice)
{
    const uint8_t *inputs[MOST];
    uint8_t *outputs[MOST];
    const size_t all = r->count * r->n;
    int32_t factor = PW_PCM_UNITY;
    if (all >= 2)
        memcpy(&factor, r->in, sizeof factor);
    places(r, inputs, outputs);
    switch (choice % 8) {
    case 0: r->table->pcm_mix(inputs, r->count, r->n, r->out); break;
    case 1: r->table->pcm_mix_minus(inputs, r->count, r->n, outputs); break;
    case 2: r->table->pcm_interleave(inputs, r->count, r->n, r->out); break;
    case 3: r->table->pcm_deinterleave(r->in, r->count, r->n, outputs); break;
    case 4: r->table->pcm_gain(r->in, all, factor & INT32_MAX, r->out); break;
    case 5: r->table->pcm_byteswap(r->in, all, r->out); break;
    case 6: measure(r); break;
    default: resample(r); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const fuzz_case c = fuzz_begin(data, size, 1);
    const size_t count = c.choice / 8 % MOST + 1, n = c.size / (2 * count), used = 2 * count * n;
    /* What is left over stands at the beginning: the end must be where the block ends. */
    const uint8_t *in = c.in + (c.size - used);
    uint8_t *expected = fuzz_block(used), *out = fuzz_block(used);
    memset(expected, 0, used);
    memset(out, 0, used);

    operate(&(run){c.scalar, count, n, in, expected}, c.choice);
    operate(&(run){c.table, count, n, in, out}, c.choice);
    fuzz_expect(memcmp(expected, out, used) == 0, "a PCM kernel differs from scalar");
    free(out);
    free(expected);
    free(c.in);
    return 0;
}
