#include "tracker.h"

enum { MOD = 65536 };

/* The sequence starts anew at this packet (init_seq in A.1). The old timeline says nothing about the new one. */
static void start_sequence(pw_rtp_tracker *tracker, uint16_t sequence_number)
{
    tracker->base = tracker->max = sequence_number;
    tracker->bad = MOD + 1;
    tracker->cycles = tracker->received = 0;
    tracker->received_prior = tracker->expected_prior = 0;
    tracker->has_transit = 0;
}

static int probe(pw_rtp_tracker *tracker, uint16_t sequence_number)
{
    const int in_sequence = sequence_number == (uint16_t)(tracker->max + 1);
    tracker->probation = in_sequence ? tracker->probation - 1 : PW_RTP_MIN_SEQUENTIAL - 1;
    tracker->max = sequence_number;
    if (tracker->probation > 0)
        return 0;
    start_sequence(tracker, sequence_number);
    tracker->received++;
    return 1;
}

PW_RTP_TRACK(pw_rtp_track)
{
    if (!tracker->started) {
        tracker->started = 1;
        start_sequence(tracker, sequence_number);
        tracker->max = (uint16_t)(sequence_number - 1);
        tracker->probation = PW_RTP_MIN_SEQUENTIAL;
    }
    if (tracker->probation > 0)
        return probe(tracker, sequence_number);

    const uint16_t step = (uint16_t)(sequence_number - tracker->max);
    if (step < PW_RTP_MAX_DROPOUT) { /* in order, maybe with a gap */
        if (sequence_number < tracker->max)
            tracker->cycles += MOD;
        tracker->max = sequence_number;
    } else if (step <= MOD - PW_RTP_MAX_MISORDER) { /* a jump: two in a row say that the sender restarted */
        if (sequence_number != tracker->bad) {
            tracker->bad = (sequence_number + 1u) % MOD;
            return 0;
        }
        start_sequence(tracker, sequence_number);
    } /* else a duplicate or late */
    tracker->received++;
    return 1;
}

PW_RTP_TRACK_JITTER(pw_rtp_track_jitter)
{
    const uint32_t transit = arrival - timestamp;
    const uint32_t change = transit - tracker->transit;
    const uint32_t distance = change > INT32_MAX ? -change : change; /* either way round the clock */

    if (tracker->has_transit && distance <= PW_RTP_MAX_TRANSIT_CHANGE)
        tracker->jitter += distance - ((tracker->jitter + 8) >> 4);
    tracker->has_transit = 1;
    tracker->transit = transit;
}

PW_RTP_EXPECTED(pw_rtp_expected)
{
    if (!tracker->started || tracker->probation > 0)
        return 0;
    return (int64_t)(tracker->cycles + tracker->max) - tracker->base + 1;
}

static int32_t clamp24(int64_t value)
{
    return (int32_t)(value > 0x7FFFFF ? 0x7FFFFF : value < -0x800000 ? -0x800000 : value);
}

PW_RTP_REPORT(pw_rtp_report_interval)
{
    const int64_t expected = pw_rtp_expected(tracker), received = (int64_t)tracker->received;
    const int64_t interval = expected - tracker->expected_prior;
    const int64_t lost = interval - (received - tracker->received_prior);

    report->fraction_lost = (uint8_t)(interval == 0 || lost <= 0 ? 0 : (lost << 8) / interval);
    report->cumulative_lost = clamp24(expected - received);
    report->highest_sequence_number = (uint32_t)(tracker->cycles + tracker->max);
    report->jitter = (uint32_t)(tracker->jitter >> 4);
    tracker->expected_prior = expected;
    tracker->received_prior = received;
}
