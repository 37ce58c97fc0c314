/* One RTP source as its receiver sees it: is the sequence plausible, how much is lost, how much does it jitter.
 * RFC 3550 appendix A.1, A.3 and A.8. */
#ifndef PW_RTP_TRACKER_H
#define PW_RTP_TRACKER_H

#include <stdint.h>

/* RFC 3550 A.1; at 50 packets a second a minute of silence or two seconds of reordering. */
enum { PW_RTP_MAX_DROPOUT = 3000, PW_RTP_MAX_MISORDER = 100, PW_RTP_MIN_SEQUENTIAL = 2 };

/* A transit time that changes by more is a new timeline and no jitter: MAX_DROPOUT packets of 20 ms at 8 kHz. */
enum { PW_RTP_MAX_TRANSIT_CHANGE = PW_RTP_MAX_DROPOUT * 160 };

/* All zero is a source of which nothing has come yet. */
typedef struct pw_rtp_tracker {
    uint16_t base; /* first sequence number that counts */
    uint16_t max;  /* highest sequence number, in the present cycle */
    uint32_t bad;  /* the sequence number that would confirm a jump; none where it is beyond 65535 */
    uint8_t started;
    uint8_t probation; /* packets in sequence still wanted */
    uint8_t has_transit;
    uint32_t transit;
    uint64_t cycles;   /* 65536 for each wrap-around */
    uint64_t received; /* valid packets, duplicates and late ones too */
    uint64_t jitter;   /* in sixteenths of a timestamp unit */
    int64_t received_prior, expected_prior;
} pw_rtp_tracker;

/* The fields of a report block, RFC 3550 section 6.4.1. */
typedef struct pw_rtp_report {
    uint8_t fraction_lost;    /* of 256, since the last report */
    int32_t cumulative_lost;  /* kept to 24 bits, signed */
    uint32_t highest_sequence_number; /* extended; modulo 2^32 */
    uint32_t jitter;
} pw_rtp_report;

/* Takes the sequence number of a packet. Returns 1 if the packet is valid, 0 if it is to be left alone. */
#define PW_RTP_TRACK(name) int name(pw_rtp_tracker *tracker, uint16_t sequence_number)

/* Takes the timestamp of a valid packet and its arrival on the same clock, both modulo 2^32. */
#define PW_RTP_TRACK_JITTER(name) void name(pw_rtp_tracker *tracker, uint32_t timestamp, uint32_t arrival)

/* Packets expected so far; 0 during probation. */
#define PW_RTP_EXPECTED(name) int64_t name(const pw_rtp_tracker *tracker)

/* Fills a report and begins the next interval. */
#define PW_RTP_REPORT(name) void name(pw_rtp_tracker *tracker, pw_rtp_report *report)

typedef PW_RTP_TRACK(pw_rtp_track_fn);
typedef PW_RTP_TRACK_JITTER(pw_rtp_track_jitter_fn);
typedef PW_RTP_EXPECTED(pw_rtp_expected_fn);
typedef PW_RTP_REPORT(pw_rtp_report_fn);

PW_RTP_TRACK(pw_rtp_track);
PW_RTP_TRACK_JITTER(pw_rtp_track_jitter);
PW_RTP_EXPECTED(pw_rtp_expected);
PW_RTP_REPORT(pw_rtp_report_interval);

#endif
