#include "check.h"

#include <string.h>

/* Where what ADAPT makes takes its kernels from. */
static const pw_kernels *reference_table, *variant_table;

enum { CHANNELS = 3 };

/* Of three channels of n samples, one after the other. */
#define PLACES(at, n) {(at), (at) + 2 * (n), (at) + 4 * (n)}

static void mix(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)
{
    const uint8_t *const inputs[CHANNELS] = PLACES(in, n);
    table->pcm_mix(inputs, CHANNELS, n, out);
}

static void mix_minus(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)
{
    const uint8_t *const inputs[CHANNELS] = PLACES(in, n);
    uint8_t *const outputs[CHANNELS] = PLACES(out, n);
    table->pcm_mix_minus(inputs, CHANNELS, n, outputs);
}

static void interleave(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)
{
    const uint8_t *const inputs[2] = {in, in + 2 * n};
    table->pcm_interleave(inputs, 2, n, out);
}

static void deinterleave(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)
{
    uint8_t *const outputs[2] = {out, out + 2 * n};
    table->pcm_deinterleave(in, 2, n, outputs);
}

/* Factors from nothing to the greatest, another one for each length. */
static void gain(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)
{
    const uint32_t factor = (uint32_t)(n * 2654435761u) & INT32_MAX;
    table->pcm_gain(in, n, (int32_t)(n % 3 ? factor >> n % 31 : factor), out);
}

static void measure(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)
{
    const pw_pcm_power power = table->pcm_measure(in, n);
    memcpy(out, &power.energy, sizeof power.energy);
    memcpy(out + sizeof power.energy, &power.peak, sizeof power.peak);
}

ADAPT(mix)
ADAPT(mix_minus)
ADAPT(interleave)
ADAPT(deinterleave)
ADAPT(gain)
ADAPT(measure)

static size_t one_channel(const uint8_t *in, size_t n)
{
    (void)in;
    return 2 * n;
}

static size_t two_channels(const uint8_t *in, size_t n)
{
    (void)in;
    return 4 * n;
}

static size_t three_channels(const uint8_t *in, size_t n)
{
    (void)in;
    return 6 * n;
}

static size_t energy_and_peak(const uint8_t *in, size_t n)
{
    (void)in;
    (void)n;
    return sizeof(uint64_t) + sizeof(uint32_t);
}

/* Half of them at the ends of the range, where sums are clipped; sometimes all of them at the same end. */
static void fill_samples(uint8_t *in, size_t n)
{
    const uint32_t common = check_random();
    for (size_t i = 0; i < n; i++) {
        const uint32_t random = check_random();
        const int16_t end = (common & 3 ? random : common) & 4 ? INT16_MAX : INT16_MIN;
        const int16_t sample = random & 8 || !(common & 3) ? end : (int16_t)(random >> 16);
        memcpy(in + 2 * i, &sample, 2);
    }
}

static void fill_two(uint8_t *in, size_t n)
{
    fill_samples(in, 2 * n);
}

static void fill_three(uint8_t *in, size_t n)
{
    fill_samples(in, 3 * n);
}

/* As great as they may be, all of one sign in phase 0: there the whole sum needs 33 bits. */
static void fill_coefficients(uint8_t *coefficients, size_t taps, size_t up)
{
    const int greatest = (int)(65535 / (taps / 2));
    for (size_t i = 0; i < taps * up; i++) {
        const int random = (int)(check_random() % (2 * (unsigned)greatest)) - greatest;
        const int16_t c = (int16_t)(i < taps ? greatest : random);
        memcpy(coefficients + 2 * i, &c, 2);
    }
}

/* How many outputs n samples give, without the first: filters begin at the time of the second. */
static size_t outputs(const pw_polyphase *filter, size_t n)
{
    if (n < filter->taps)
        return 0;
    const size_t end = (n - filter->taps + 1) * filter->up;
    return (end + filter->down - 1) / filter->down - 1;
}

#define RESAMPLE(name, taps, up, down)                                                              \
    static uint8_t name##_coefficients[2 * (taps) * (up)];                                          \
    static const pw_polyphase name##_filter = {name##_coefficients, taps, up, down};                \
    static size_t name##_size(const uint8_t *in, size_t n)                                          \
    {                                                                                               \
        (void)in;                                                                                   \
        return 2 * outputs(&name##_filter, n);                                                      \
    }                                                                                               \
    static void name(const pw_kernels *table, const uint8_t *in, size_t n, uint8_t *out)            \
    {                                                                                               \
        table->resample(&name##_filter, in, down, outputs(&name##_filter, n), out);                 \
    }                                                                                               \
    ADAPT(name)

RESAMPLE(resample_2_3, 32, 3, 2)
RESAMPLE(resample_3_1, 96, 1, 3)

size_t pcm_operations(operation *list, const pw_kernels *scalar, const pw_kernels *table)
{
#define PCM(name, item_size, out_size, fill) \
    {#name, item_size, out_size, fill, CONVERT(name##_reference), CONVERT(name##_variant)}
    const operation all[] = {
        PCM(mix, 6, one_channel, fill_three), PCM(mix_minus, 6, three_channels, fill_three),
        PCM(interleave, 4, two_channels, fill_two), PCM(deinterleave, 4, two_channels, fill_two),
        PCM(gain, 2, one_channel, fill_samples), PCM(measure, 2, energy_and_peak, fill_samples),
        {"byteswap", 2, one_channel, fill_samples, CONVERT(scalar->pcm_byteswap), CONVERT(table->pcm_byteswap)},
        PCM(resample_2_3, 2, resample_2_3_size, fill_samples), PCM(resample_3_1, 2, resample_3_1_size, fill_samples),
    };
    /* A level without kernels of its own here would only repeat the one below, for minutes. */
    static pw_resample_fn *checked;
    if (table->resample == checked)
        return 0;
    checked = table->resample;
    reference_table = scalar;
    variant_table = table;
    fill_coefficients(resample_2_3_coefficients, 32, 3);
    fill_coefficients(resample_3_1_coefficients, 96, 1);
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof *all;
}
