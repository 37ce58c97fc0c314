/* Interleaving in plain C: the reference for every other variant. */
#include "pcm.h"
#include "../target.h"

PW_PCM_GATHER(pw_pcm_interleave_scalar)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < count; j++)
            pw_store_s16(out + 2 * (i * count + j), pw_load_s16(inputs[j] + 2 * i));
}

PW_PCM_DEINTERLEAVE(pw_pcm_deinterleave_scalar)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < count; j++)
            pw_store_s16(outputs[j] + 2 * i, pw_load_s16(samples + 2 * (i * count + j)));
}
