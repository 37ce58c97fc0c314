/* Every kernel that this machine can run, against scalar. `make check-native` runs it plain and under sanitizers. */
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

static void check_operation(const operation *op, const char *isa)
{
    check_heap(op);
    check_guard_pages(op);
    printf("%-22s %-10s ", op->name, isa);
#ifdef PW_SANITIZED
    printf("done\n");
#else
    check_time(op);
#endif
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
    for (size_t i = 0; i < count; i++)
        check_operation(&all[i], l->name);
    g711_exhaustive(&scalar, &table);
    base64_exhaustive(&scalar, &table);
    if (l->bit == 0) {
        rtp_exhaustive(&table);
        match_exhaustive(&table);
    }
}

int main(void)
{
    check_planted_bugs();
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        const unsigned bit = levels[i].bit;
        if ((bit & pw_kernels_compiled()) != bit)
            printf("%-22s %-10s not in this build\n", "-", levels[i].name);
        else if ((bit & pw_cpu_isas()) != bit)
            printf("%-22s %-10s not on this machine\n", "-", levels[i].name);
        else
            check_level(&levels[i]);
    }
    printf("%s: %d failures\n", check_failures ? "FAILED" : "passed", check_failures);
    return check_failures != 0;
}
