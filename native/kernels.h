/* The dispatch table: one pointer for every operation, filled once and read-only afterwards.
 * The contract that every kernel keeps is in README.md. */
#ifndef PW_KERNELS_H
#define PW_KERNELS_H

#include "base64/base64.h"
#include "cpu.h"
#include "dtmf/dtmf.h"
#include "g711/g711.h"
#include "goertzel/goertzel.h"
#include "payload/match.h"
#include "payload/payload.h"
#include "pcm/pcm.h"
#include "pcm/resample.h"
#include "rtp/rtp.h"
#include "rtp/tracker.h"

typedef struct pw_kernels {
    unsigned isas; /* what the table was filled from: allowed, compiled in and supported by this machine */

    pw_g711_encode_fn *ulaw_encode;
    pw_g711_encode_fn *ulaw_encode_audioop;
    pw_g711_encode_fn *alaw_encode;
    pw_g711_decode_fn *ulaw_decode;
    pw_g711_decode_fn *alaw_decode;
    pw_transcode_fn *ulaw_to_alaw;
    pw_transcode_fn *alaw_to_ulaw;
    pw_split_fn *g711_split;

    pw_base64_encode_fn *base64_encode;
    pw_base64_decode_fn *base64_decode;

    pw_payload_encode_fn *ulaw_payload_encode;
    pw_payload_encode_fn *alaw_payload_encode;
    pw_payload_decode_fn *ulaw_payload_decode;
    pw_payload_decode_fn *alaw_payload_decode;
    pw_match_fn *match_template;

    pw_rtp_parse_fn *rtp_parse;
    pw_rtp_pack_fn *rtp_pack;
    pw_rtp_track_fn *rtp_track;
    pw_rtp_track_jitter_fn *rtp_track_jitter;
    pw_rtp_expected_fn *rtp_expected;
    pw_rtp_report_fn *rtp_report_interval;

    pw_pcm_gather_fn *pcm_mix;
    pw_pcm_mix_minus_fn *pcm_mix_minus;
    pw_pcm_gather_fn *pcm_interleave;
    pw_pcm_deinterleave_fn *pcm_deinterleave;
    pw_pcm_gain_fn *pcm_gain;
    pw_pcm_byteswap_fn *pcm_byteswap;
    pw_pcm_measure_fn *pcm_measure;

    pw_resample_fn *resample;

    pw_goertzel_fn *goertzel;
    pw_dtmf_scan_fn *dtmf_scan;
} pw_kernels;

/* Instruction sets that this library has kernels for, whatever the machine. */
unsigned pw_kernels_compiled(void);

/* Fills the table: scalar first, then whatever the machine has and the mask allows. Pure and re-entrant: tests build
 * tables of their own. */
void pw_kernels_init(pw_kernels *table, unsigned allowed);

#endif
