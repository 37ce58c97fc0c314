/* Windows to keys, in integers: every machine sees the same ones. */
#include "dtmf.h"
#include "../target.h"

static const char keys_of_tones[] = "123A456B789C*0#D";

/* Bins are halved so often: a full-scale tone's is below 2^19 then, and what is computed of two of them below 2^56. */
enum { BIN_BITS = 6 };

static inline pw_goertzel_bin reduced(pw_goertzel_bin bin)
{
    return (pw_goertzel_bin){bin.re >> BIN_BITS, bin.im >> BIN_BITS};
}

static inline int64_t power(pw_goertzel_bin bin)
{
    const pw_goertzel_bin b = reduced(bin);
    return (int64_t)b.re * b.re + (int64_t)b.im * b.im;
}

static void look_through_window(const int32_t *window, const uint8_t *samples, uint8_t *out)
{
    for (size_t i = 0; i < PW_DTMF_WINDOW; i++)
        pw_store_s16(out + 2 * i, (int16_t)((pw_load_s16(samples + 2 * i) * window[i] + (1 << 14)) >> 15));
}

static size_t strongest(const pw_goertzel_bin *bins, size_t first)
{
    size_t best = first;
    int64_t most = power(bins[first]);
    for (size_t i = first + 1; i < first + PW_DTMF_TONES / 2; i++)
        if (power(bins[i]) > most)
            most = power(bins[best = i]);
    return best;
}

/* The phase has turned by what the tone's frequency says, within the tolerance. */
static int is_in_tune(const pw_dtmf_turn *turn, pw_goertzel_bin now, pw_goertzel_bin then)
{
    const pw_goertzel_bin a = reduced(now), b = reduced(then);
    const int64_t re = (int64_t)a.re * b.re + (int64_t)a.im * b.im, im = (int64_t)a.im * b.re - (int64_t)a.re * b.im;
    const int64_t ahead_re = (re * turn->cosine + im * turn->sine) >> 15;
    const int64_t ahead_im = (im * turn->cosine - re * turn->sine) >> 15;
    const int64_t limit = ahead_re * turn->most >> 15;
    return ahead_re > 0 && ahead_im <= limit && ahead_im >= -limit;
}

/* Loud enough, at most 10 dB of twist down to the high tone and 6 dB up to it, and 70 % of the energy in the window: a
 * pair of tones at the bins' own frequencies would have 3/8 of its bins' power there. */
static int is_a_pair(const pw_dtmf_bank *bank, int64_t low, int64_t high, int64_t energy)
{
    return low >= bank->least_power && high >= bank->least_power && low <= 10 * high && high <= 4 * low &&
           30 * (low + high) >= 56 * energy;
}

/* No more than 1/20 (-13 dB) at twice the frequency, where a voice has its next harmonic. */
static int is_pure(const pw_dtmf_kernels *kernels, const pw_goertzel_tone *harmonic, const uint8_t *windowed,
                   int64_t tone)
{
    pw_goertzel_bin bin;
    kernels->goertzel(windowed, PW_DTMF_WINDOW, harmonic, 1, &bin);
    return 20 * power(bin) <= tone;
}

static uint8_t judge(const pw_dtmf_kernels *kernels, const pw_dtmf_bank *bank, const pw_dtmf_state *state,
                     const pw_goertzel_bin *bins, const uint8_t *windowed, int64_t energy)
{
    const size_t low = strongest(bins, 0), high = strongest(bins, PW_DTMF_TONES / 2);
    const int64_t low_power = power(bins[low]), high_power = power(bins[high]);
    const int is_key = is_a_pair(bank, low_power, high_power, energy) &&
                       is_in_tune(&bank->turns[low], bins[low], state->laps[PW_DTMF_LAPS - 1][low]) &&
                       is_in_tune(&bank->turns[high], bins[high], state->laps[0][high]) &&
                       is_pure(kernels, &bank->harmonics[high - PW_DTMF_TONES / 2], windowed, high_power);
    return is_key ? (uint8_t)keys_of_tones[PW_DTMF_TONES / 2 * low + high - PW_DTMF_TONES / 2] : ' ';
}

PW_DTMF_SCAN(pw_dtmf_scan)
{
    for (size_t i = 0; i < n; i++, samples += 2 * PW_DTMF_HOP) {
        uint8_t windowed[2 * PW_DTMF_WINDOW];
        pw_goertzel_bin bins[PW_DTMF_TONES] = {{0, 0}};
        look_through_window(bank->window, samples, windowed);
        const int64_t energy = (int64_t)kernels->measure(windowed, PW_DTMF_WINDOW).energy;
        keys[i] = ' ';
        if (energy >= bank->least_energy) { /* else it is too faint for any key: most of a call is */
            kernels->goertzel(windowed, PW_DTMF_WINDOW, bank->tones, PW_DTMF_TONES, bins);
            keys[i] = judge(kernels, bank, state, bins, windowed, energy);
        }
        memmove(state->laps[1], state->laps[0], (PW_DTMF_LAPS - 1) * sizeof state->laps[0]);
        memcpy(state->laps[0], bins, sizeof bins);
    }
}
