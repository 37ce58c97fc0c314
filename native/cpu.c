#include "cpu.h"
#include "target.h"

#if PW_X86_64

#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif

typedef struct {
    unsigned eax, ebx, ecx, edx;
} cpuid_registers;

/* All zero where the processor does not have the leaf. */
static cpuid_registers cpuid(unsigned leaf)
{
    cpuid_registers r = {0, 0, 0, 0};
#if defined(_MSC_VER)
    int out[4];
    __cpuid(out, 0);
    if ((unsigned)out[0] >= leaf) {
        __cpuidex(out, (int)leaf, 0);
        r = (cpuid_registers){(unsigned)out[0], (unsigned)out[1], (unsigned)out[2], (unsigned)out[3]};
    }
#else
    __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
    return r;
}

/* XCR0: which register files the operating system saves. Only legal when CPUID says OSXSAVE. */
static unsigned xcr0(void)
{
#if defined(_MSC_VER)
    return (unsigned)_xgetbv(0);
#else
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
#endif
}

#define BIT(n) (1u << (n))
#define HAS(reg, mask) (((reg) & (mask)) == (mask))

unsigned pw_cpu_isas(void)
{
    const unsigned osxsave_avx = BIT(27) | BIT(28);                         /* leaf 1, ECX */
    const unsigned avx2 = BIT(5);                                           /* leaf 7, EBX */
    const unsigned avx512 = BIT(16) | BIT(17) | BIT(30) | BIT(31);          /* leaf 7, EBX: F, DQ, BW, VL */
    const unsigned vbmi = BIT(1);                                           /* leaf 7, ECX */
    const unsigned ymm_state = BIT(1) | BIT(2);                             /* XCR0: SSE, AVX */
    const unsigned zmm_state = ymm_state | BIT(5) | BIT(6) | BIT(7);        /* and opmask, ZMM0-15 high, ZMM16-31 */
    unsigned isas = 0;

    if (!HAS(cpuid(1).ecx, osxsave_avx))
        return isas;
    const cpuid_registers features = cpuid(7);
    const unsigned state = xcr0();

    /* A processor bit without the saved state means: the first context switch destroys the registers. */
    if (!HAS(state, ymm_state) || !HAS(features.ebx, avx2))
        return isas;
    isas |= PW_ISA_AVX2;
    if (!HAS(state, zmm_state) || !HAS(features.ebx, avx512))
        return isas;
    isas |= PW_ISA_AVX512;
    if (HAS(features.ecx, vbmi))
        isas |= PW_ISA_AVX512VBMI;
    return isas;
}

#else

unsigned pw_cpu_isas(void)
{
    return PW_AARCH64 ? PW_ISA_NEON : 0;
}

#endif
