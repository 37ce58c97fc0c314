#include "kernels.h"
#include "target.h"

unsigned pw_kernels_compiled(void)
{
    return PW_X86_64 ? PW_ISA_AVX2 | PW_ISA_AVX512 | PW_ISA_AVX512VBMI : PW_AARCH64 ? PW_ISA_NEON : 0;
}

#define USE_G711(table, isa)                                          \
    ((table)->ulaw_encode = pw_ulaw_encode_##isa,                     \
     (table)->ulaw_encode_audioop = pw_ulaw_encode_audioop_##isa,     \
     (table)->alaw_encode = pw_alaw_encode_##isa,                     \
     (table)->ulaw_decode = pw_ulaw_decode_##isa,                     \
     (table)->alaw_decode = pw_alaw_decode_##isa)

static void init_g711(pw_kernels *table)
{
    table->g711_split = pw_g711_split;
    USE_G711(table, scalar);
#if PW_X86_64
    if (table->isas & PW_ISA_AVX2)
        USE_G711(table, avx2);
    if (table->isas & PW_ISA_AVX512)
        USE_G711(table, avx512);
#elif PW_AARCH64
    if (table->isas & PW_ISA_NEON)
        USE_G711(table, neon);
#endif
}

#define USE_TRANSCODE(table, isa) \
    ((table)->ulaw_to_alaw = pw_ulaw_to_alaw_##isa, (table)->alaw_to_ulaw = pw_alaw_to_ulaw_##isa)

static void init_transcode(pw_kernels *table)
{
    USE_TRANSCODE(table, scalar);
#if PW_X86_64
    if (table->isas & PW_ISA_AVX2)
        USE_TRANSCODE(table, avx2);
    if (table->isas & PW_ISA_AVX512VBMI)
        USE_TRANSCODE(table, avx512vbmi);
#elif PW_AARCH64
    if (table->isas & PW_ISA_NEON)
        USE_TRANSCODE(table, neon);
#endif
}

#define USE_BASE64(table, isa)                           \
    ((table)->base64_encode = pw_base64_encode_##isa,    \
     (table)->base64_decode = pw_base64_decode_##isa)

static void init_base64(pw_kernels *table)
{
    USE_BASE64(table, scalar);
#if PW_X86_64
    if (table->isas & PW_ISA_AVX2)
        USE_BASE64(table, avx2);
    if (table->isas & PW_ISA_AVX512)
        USE_BASE64(table, avx512);
    if (table->isas & PW_ISA_AVX512VBMI)
        USE_BASE64(table, avx512vbmi);
#elif PW_AARCH64
    if (table->isas & PW_ISA_NEON)
        USE_BASE64(table, neon);
#endif
}

#define USE_PAYLOAD(table, isa)                                      \
    ((table)->ulaw_payload_encode = pw_ulaw_payload_encode_##isa,    \
     (table)->alaw_payload_encode = pw_alaw_payload_encode_##isa,    \
     (table)->ulaw_payload_decode = pw_ulaw_payload_decode_##isa,    \
     (table)->alaw_payload_decode = pw_alaw_payload_decode_##isa)

static void init_payload(pw_kernels *table)
{
    table->match_template = pw_match_template;
    USE_PAYLOAD(table, scalar);
#if PW_X86_64
    if (table->isas & PW_ISA_AVX2)
        USE_PAYLOAD(table, avx2);
    if (table->isas & PW_ISA_AVX512)
        USE_PAYLOAD(table, avx512);
    if (table->isas & PW_ISA_AVX512VBMI)
        USE_PAYLOAD(table, avx512vbmi);
#elif PW_AARCH64
    if (table->isas & PW_ISA_NEON)
        USE_PAYLOAD(table, neon);
#endif
}

static void init_rtp(pw_kernels *table)
{
    table->rtp_parse = pw_rtp_parse;
    table->rtp_pack = pw_rtp_pack;
    table->rtp_track = pw_rtp_track;
    table->rtp_track_jitter = pw_rtp_track_jitter;
    table->rtp_expected = pw_rtp_expected;
    table->rtp_report_interval = pw_rtp_report_interval;
}

#define USE_PCM(table, isa)                                      \
    ((table)->pcm_mix = pw_pcm_mix_##isa,                        \
     (table)->pcm_mix_minus = pw_pcm_mix_minus_##isa,            \
     (table)->pcm_interleave = pw_pcm_interleave_##isa,          \
     (table)->pcm_deinterleave = pw_pcm_deinterleave_##isa,      \
     (table)->pcm_gain = pw_pcm_gain_##isa,                      \
     (table)->pcm_byteswap = pw_pcm_byteswap_##isa,              \
     (table)->pcm_measure = pw_pcm_measure_##isa,                \
     (table)->resample = pw_resample_##isa)

static void init_pcm(pw_kernels *table)
{
    USE_PCM(table, scalar);
#if PW_X86_64
    if (table->isas & PW_ISA_AVX2)
        USE_PCM(table, avx2);
#elif PW_AARCH64
    if (table->isas & PW_ISA_NEON)
        USE_PCM(table, neon);
#endif
}

static void init_dtmf(pw_kernels *table)
{
    table->dtmf_scan = pw_dtmf_scan;
    table->goertzel = pw_goertzel_scalar;
#if PW_X86_64
    if (table->isas & PW_ISA_AVX2)
        table->goertzel = pw_goertzel_avx2;
#elif PW_AARCH64
    if (table->isas & PW_ISA_NEON)
        table->goertzel = pw_goertzel_neon;
#endif
}

void pw_kernels_init(pw_kernels *table, unsigned allowed)
{
    table->isas = allowed & pw_kernels_compiled() & pw_cpu_isas();
    init_g711(table);
    init_transcode(table);
    init_base64(table);
    init_payload(table);
    init_rtp(table);
    init_pcm(table);
    init_dtmf(table);
}
