/* The other byte order, 8 samples at a time. */
#include "pcm.h"
#include "../target.h"

#if PW_AARCH64
#include <arm_neon.h>

PW_PCM_BYTESWAP(pw_pcm_byteswap_neon)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8)
        vst1q_u8(out + 2 * i, vrev16q_u8(vld1q_u8(samples + 2 * i)));
    pw_pcm_byteswap_scalar(samples + 2 * i, n - i, out + 2 * i);
}

#endif
