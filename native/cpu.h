/* Which instruction sets this machine can run. The only code that asks the processor. */
#ifndef PW_CPU_H
#define PW_CPU_H

/* Bits of an instruction-set mask; scalar is always there and has no bit. On x86-64 each level implies those above
 * it in this list. */
enum {
    PW_ISA_AVX2 = 1 << 0,
    PW_ISA_AVX512 = 1 << 1,     /* F + BW + DQ + VL: Skylake-SP and later */
    PW_ISA_AVX512VBMI = 1 << 2, /* and VBMI: Ice Lake, Zen 4 and later */
    PW_ISA_NEON = 1 << 3,       /* every AArch64 */
    PW_ISA_ALL = (1 << 4) - 1
};

/* The mask of what both the processor and the operating system support. */
unsigned pw_cpu_isas(void);

#endif
