/* The floor probe: how late this machine wakes a process that sleeps for 1 ms, again and again.
 *
 * It runs beside a measurement in real time. What the measurement shows beyond this is ours; the rest is the machine's.
 * SCHED_OTHER and the usual timer slack, as any program has them. Until SIGTERM or SIGINT; then one line of JSON. */

#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define SLEEP_NS 1000000
#define SECOND_NS 1000000000

/* One bucket a microsecond, up to a second: a percentile is exact to 1 us, and memory does not grow with time. */
#define BUCKETS 1000000
static uint32_t histogram[BUCKETS];

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* The lateness, in microseconds, that `part` of all sleeps did not exceed. */
static size_t percentile(double part, uint64_t sleeps)
{
    uint64_t rank = (uint64_t)(part * (double)sleeps), seen = 0;
    size_t bucket = 0;
    while (sleeps && bucket < BUCKETS - 1 && (seen += histogram[bucket]) <= rank)
        bucket++;
    return bucket;
}

int main(void)
{
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    uint64_t sleeps = 0;
    int64_t worst_ns = 0;
    while (!stopped) {
        int64_t due_ns = now_ns() + SLEEP_NS;
        struct timespec due = {.tv_sec = due_ns / SECOND_NS, .tv_nsec = due_ns % SECOND_NS};
        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
            continue;
        int64_t late_ns = now_ns() - due_ns;
        size_t late_us = late_ns < 0 ? 0 : (size_t)(late_ns / 1000);
        histogram[late_us < BUCKETS ? late_us : BUCKETS - 1]++;
        sleeps++;
        if (late_ns > worst_ns)
            worst_ns = late_ns;
    }
    printf("{\"sleeps\": %llu, \"p50_us\": %zu, \"p99_us\": %zu, \"p999_us\": %zu, \"max_us\": %lld}\n",
           (unsigned long long)sleeps, percentile(0.5, sleeps), percentile(0.99, sleeps), percentile(0.999, sleeps),
           (long long)(worst_ns / 1000));
    return 0;
}
