/* Every kernel that this machine can run, against scalar. `make check-native` runs it plain, under sanitizers, and for
 * other processors under qemu. Arguments: the levels to check, else all; "untimed"; "coarse", not every length. */
#include "check.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name;
    unsigned bit;
} level;

/* Ascending: a level allows those before it. */
static const level levels[] = {
    {"scalar", 0}, {"avx2", PW_ISA_AVX2}, {"avx512", PW_ISA_AVX512}, {"avx512vbmi", PW_ISA_AVX512VBMI},
    {"neon", PW_ISA_NEON},
};
enum { LEVELS = sizeof levels / sizeof *levels };

static int timed = 1;

static void check_operation(const operation *op, const char *isa)
{
    printf("%-22s %-10s ", op->name, isa);
    fflush(stdout); /* a fault is the end: what it happened in must be known */
    check_heap(op);
    check_guard_pages(op);
    if (timed)
        check_time(op);
    else
        printf("done\n");
    fflush(stdout);
}

static void check_level(const level *l)
{
    pw_kernels scalar, table;
    operation all[MAX_OPERATIONS];
    pw_kernels_init(&scalar, 0);
    pw_kernels_init(&table, l->bit | (l->bit ? l->bit - 1 : 0));

    size_t count = g711_operations(all, &scalar, &table);
    count += base64_operations(all + count, &scalar, &table);
    count += payload_operations(all + count, &scalar, &table);
    count += pcm_operations(all + count, &scalar, &table);
    count += goertzel_operations(all + count, &scalar, &table);
    for (size_t i = 0; i < count; i++)
        check_operation(&all[i], l->name);
    g711_exhaustive(&scalar, &table);
    base64_exhaustive(&scalar, &table);
    if (l->bit == 0) {
        rtp_exhaustive(&table);
        match_exhaustive(&table);
    }
}

static void check_if_there(const level *l)
{
    if ((l->bit & pw_kernels_compiled()) != l->bit)
        printf("%-22s %-10s not in this build\n", "-", l->name);
    else if ((l->bit & pw_cpu_isas()) != l->bit)
        printf("%-22s %-10s not on this machine\n", "-", l->name);
    else
        check_level(l);
}

static int names(char **arguments, const char *word)
{
    for (; *arguments != NULL; arguments++)
        if (strcmp(*arguments, word) == 0)
            return 1;
    return 0;
}

static int names_a_level(char **arguments)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (names(arguments, levels[i].name))
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    char **arguments = argv + (argc > 0);
    const int all = !names_a_level(arguments);
#ifdef PW_SANITIZED
    /* The sanitizers watch the heap; the whole sweep would take minutes and show nothing new. */
    check_every_length = timed = 0;
#else
    check_every_length = !names(arguments, "coarse");
    timed = !names(arguments, "untimed");
#endif
    check_planted_bugs();
    for (size_t i = 0; i < LEVELS; i++)
        if (all || names(arguments, levels[i].name))
            check_if_there(&levels[i]);
    printf("%s: %d failures\n", check_failures ? "FAILED" : "passed", check_failures);
    return check_failures != 0;
}
