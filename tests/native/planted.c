/* Four bugs, planted to prove that the net holds. Each is the scalar decoder with one fault. */
#define _DEFAULT_SOURCE
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile uint8_t sink;

static void reads_40_beyond(const uint8_t *in, size_t n, uint8_t *out)
{
    pw_ulaw_decode_scalar(in, n, out);
    sink = in[n + 39];
}

static void reads_1_beyond(const uint8_t *in, size_t n, uint8_t *out)
{
    pw_ulaw_decode_scalar(in, n, out);
    sink = in[n];
}

static void writes_1_beyond(const uint8_t *in, size_t n, uint8_t *out)
{
    pw_ulaw_decode_scalar(in, n, out);
    out[2 * n] = 0;
}

/* Legal for the processor: only the sanitizer objects. */
static void loads_misaligned(const uint8_t *in, size_t n, uint8_t *out)
{
    pw_ulaw_decode_scalar(in, n, out);
    if (n >= 4)
        sink = (uint8_t) * (const uint32_t *)(const void *)in; /* not volatile: clang does not check that */
}

static size_t twice_the_size(const uint8_t *in, size_t n)
{
    (void)in;
    return 2 * n;
}

static void fill_bytes(uint8_t *in, size_t n)
{
    memset(in, 0x5A, n);
}

/* In a child of its own: a caught bug is a crash, a sanitizer's report or a counted failure. */
static int caught(void (*bug)(const uint8_t *, size_t, uint8_t *), void (*check)(const operation *))
{
    const operation op = {"planted", 1, twice_the_size, fill_bytes, CONVERT(pw_ulaw_decode_scalar), CONVERT(bug)};
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        check_failures = 0;
        check(&op);
        _exit(check_failures > 0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void expect(const char *bug, const char *net, int was_caught)
{
    printf("planted: %-26s %-12s %s\n", bug, net, was_caught ? "caught" : "NOT CAUGHT");
    if (!was_caught)
        check_fail(bug, net, 0, 0);
}

void check_planted_bugs(void)
{
    expect("reads 40 bytes beyond", "guard pages", caught(reads_40_beyond, check_guard_pages));
    expect("reads 1 byte beyond", "guard pages", caught(reads_1_beyond, check_guard_pages));
    expect("writes 1 byte beyond", "guard pages", caught(writes_1_beyond, check_guard_pages));
#ifdef PW_SANITIZED
    expect("reads 40 bytes beyond", "ASan", caught(reads_40_beyond, check_heap));
    expect("reads 1 byte beyond", "ASan", caught(reads_1_beyond, check_heap));
    expect("writes 1 byte beyond", "ASan", caught(writes_1_beyond, check_heap));
    expect("loads a misaligned word", "UBSan", caught(loads_misaligned, check_heap));
#else
    (void)loads_misaligned;
#endif
}
