/* The other byte order in plain C: the reference for every other variant. */
#include "pcm.h"
#include "../target.h"

PW_PCM_BYTESWAP(pw_pcm_byteswap_scalar)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t first = samples[2 * i];
        out[2 * i] = samples[2 * i + 1];
        out[2 * i + 1] = first;
    }
}
