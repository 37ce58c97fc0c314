#include "check.h"

#include <string.h>

/* Where what ADAPT makes takes its kernels from. */
static const pw_kernels *reference_table, *variant_table;

/* Of keys, low and high, and beyond, where states grow most: 8 at once, and one left over. */
enum { TONES = 9 };
static const pw_goertzel_tone tones[TONES] = {
    {916723438, 559031892},   {883180372, 610665716},   {793438541, 723443830},
    {624845405, 873216003},   {428926206, 984358700},   {305042116, 1029499757},
    {-346484240, 1016306045}, {-900400192, 585008000},  {-1000000000, 390000000},
};

/* As many samples at a time as a state has bits for, and a last piece that may be empty. */
static size_t pieces(size_t n)
{
    return n / PW_GOERTZEL_MAX_N + 1;
}

static size_t bins_size(const uint8_t *in, size_t n)
{
    (void)in;
    return pieces(n) * TONES * sizeof(pw_goertzel_bin);
}

/* All the tones, or 8, or 7. */
static void goertzel(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)
{
    const size_t count = TONES - n % 3;
    memset(out, 0, bins_size(in, n));
    for (size_t i = 0; i < pieces(n); i++) {
        const size_t left = n - i * PW_GOERTZEL_MAX_N;
        pw_goertzel_bin bins[TONES];
        table->goertzel(in + 2 * i * PW_GOERTZEL_MAX_N, left < PW_GOERTZEL_MAX_N ? left : PW_GOERTZEL_MAX_N, tones,
                        count, bins);
        memcpy(out + i * TONES * sizeof *bins, bins, count * sizeof *bins);
    }
}

/* What the Python side computes: a triangle is as good as a Hann window here. */
static pw_dtmf_bank bank;

static void fill_bank(void)
{
    for (int i = 0; i < PW_DTMF_WINDOW; i++)
        bank.window[i] = 512 * (i < PW_DTMF_WINDOW / 2 ? i : PW_DTMF_WINDOW - 1 - i);
    for (int i = 0; i < PW_DTMF_TONES; i++) {
        bank.tones[i] = tones[i];
        bank.harmonics[i / 2] = tones[TONES - 1];
        bank.turns[i] = (pw_dtmf_turn){32767, 0, 60000};
    }
    bank.least_energy = 1000;
    bank.least_power = 1000;
}

/* At most 8, which are enough to remember windows and to forget them. */
static size_t hops(size_t n)
{
    const size_t all = n < PW_DTMF_WINDOW ? 0 : (n - PW_DTMF_WINDOW) / PW_DTMF_HOP + 1;
    return all < 8 ? all : 8;
}

static size_t keys_size(const uint8_t *in, size_t n)
{
    (void)in;
    return hops(n) + sizeof(pw_dtmf_state);
}

static void dtmf_scan(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)
{
    const pw_dtmf_kernels kernels = {table->goertzel, table->pcm_measure};
    const size_t count = hops(n), used = count > 0 ? PW_DTMF_WINDOW + (count - 1) * PW_DTMF_HOP : 0;
    pw_dtmf_state state;
    memset(&state, 0, sizeof state);
    table->dtmf_scan(&kernels, &bank, &state, in + 2 * (n - used), count, out); /* the end is where the block ends */
    memcpy(out + count, &state, sizeof state);
}

ADAPT(goertzel)
ADAPT(dtmf_scan)

/* As loud as can be, in step with a tone where the states grow most; or noise of any loudness. */
static void fill_sound(uint8_t *in, size_t n)
{
    const uint32_t kind = check_random();
    for (size_t i = 0; i < n; i++) {
        const int loudest = i * (kind >> 8) / 65536 & 1 ? INT16_MAX : INT16_MIN;
        const int16_t sample = (int16_t)(kind & 1 ? loudest : (int16_t)(check_random() >> 16) >> (kind >> 1) % 16);
        memcpy(in + 2 * i, &sample, 2);
    }
}

size_t goertzel_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table)
{
    const operation all[] = {
        {"goertzel", 2, bins_size, fill_sound, CONVERT(goertzel_reference), CONVERT(goertzel_variant)},
        {"dtmf_scan", 2, keys_size, fill_sound, CONVERT(dtmf_scan_reference), CONVERT(dtmf_scan_variant)},
    };
    /* A level without kernels of its own here would only repeat the one below. */
    static pw_goertzel_fn *checked;
    if (table->goertzel == checked)
        return 0;
    checked = table->goertzel;
    reference_table = scalar;
    variant_table = table;
    fill_bank();
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof *all;
}
