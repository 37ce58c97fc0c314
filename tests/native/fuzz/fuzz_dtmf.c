/* Invariant: every variant of the Goertzel kernel gives the bins that scalar gives, and the scanner sees keys or spaces
 * in any sound, the same with every table. */
#include "fuzz.h"

enum { TONES = 9, TIMES = 2, MOST_HOPS = 3, MOST_SAMPLES = 64 };

static const pw_goertzel_tone tones[TONES] = {
    {916723438, 559031892},   {883180372, 610665716},   {793438541, 723443830},
    {624845405, 873216003},   {428926206, 984358700},   {305042116, 1029499757},
    {-346484240, 1016306045}, {-900400192, 585008000},  {-1000000000, 390000000},
};

static void check_bins(const fuzz_case *c, size_t n, size_t count)
{
    pw_goertzel_bin *expected = fuzz_block(count * sizeof *expected), *bins = fuzz_block(count * sizeof *bins);
    const size_t used = n < MOST_SAMPLES ? n : MOST_SAMPLES;
    const uint8_t *end = c->in + c->size - 2 * used; /* the end must be where the block ends */
    c->scalar->goertzel(end, used, tones, count, expected);
    c->table->goertzel(end, used, tones, count, bins);
    fuzz_expect(memcmp(expected, bins, count * sizeof *bins) == 0, "a Goertzel kernel differs from scalar");
    free(expected);
    free(bins);
}

/* Strict enough for some sounds, and lax enough for others. */
static void fill(pw_dtmf_bank *bank)
{
    for (int i = 0; i < PW_DTMF_WINDOW; i++)
        bank->window[i] = 512 * (i < PW_DTMF_WINDOW / 2 ? i : PW_DTMF_WINDOW - 1 - i);
    for (int i = 0; i < PW_DTMF_TONES; i++) {
        bank->tones[i] = tones[i];
        bank->harmonics[i / 2] = tones[TONES - 1];
        bank->turns[i] = (pw_dtmf_turn){32767, 0, 100000};
    }
    bank->least_energy = bank->least_power = 1000;
}

static void scan(const pw_kernels *table, const uint8_t *samples, size_t hops, uint8_t *keys)
{
    const pw_dtmf_kernels kernels = {table->goertzel, table->pcm_measure};
    pw_dtmf_bank bank;
    pw_dtmf_state state;
    fill(&bank);
    memset(&state, 0, sizeof state);
    table->dtmf_scan(&kernels, &bank, &state, samples, hops, keys);
}

static void check_keys(const fuzz_case *c, size_t n)
{
    const size_t all = n < PW_DTMF_WINDOW ? 0 : (n - PW_DTMF_WINDOW) / PW_DTMF_HOP + 1;
    const size_t hops = all < MOST_HOPS ? all : MOST_HOPS;
    const size_t used = hops > 0 ? PW_DTMF_WINDOW + (hops - 1) * PW_DTMF_HOP : 0;
    uint8_t *expected = fuzz_block(hops), *keys = fuzz_block(hops);
    scan(c->scalar, c->in + c->size - 2 * used, hops, expected);
    scan(c->table, c->in + c->size - 2 * used, hops, keys);
    fuzz_expect(memcmp(expected, keys, hops) == 0, "the scanner differs from table to table");
    for (size_t i = 0; i < hops; i++)
        fuzz_expect(keys[i] != 0 && strchr(" 0123456789*#ABCD", keys[i]) != NULL, "the scanner saw no key and no space");
    free(expected);
    free(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const fuzz_case c = fuzz_begin(data, size, data[0] & 128 ? TIMES : 1);
    if (c.choice % 16) /* by far the faster one */
        check_bins(&c, c.size / 2, c.choice % (TONES + 1));
    else
        check_keys(&c, c.size / 2);
    free(c.in);
    return 0;
}
