/*
 * fuzz.h: what the fuzz targets share. A target is one file that defines
 * LLVMFuzzerTestOneInput; libFuzzer drives it in `make fuzz`, replay.c in
 * `make check`. Any refusal of an input is right but a crash, a STATUS_DEFECT
 * and a finding below: those end the process.
 */
#ifndef SMELT_TEST_FUZZ_H
#define SMELT_TEST_FUZZ_H

#include "ir/ir.h"

/* libFuzzer's interface (llvm.org/docs/LibFuzzer.html). */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* Ends the process with what is wrong, and the graph where there is one (g may be NULL). */
_Noreturn void fuzz_finding(const char *what, status s, ir_graph *g);
/* A finding if `s` says that smelt is at fault. */
void fuzz_no_defect(const char *what, status s, ir_graph *g);

/* Verifies g, runs every pass, verifies after each, compares results (same_results.c), and plans. */
void fuzz_through_passes(ir_graph *g, uint64_t seed);

/*
 * same_results.c: evaluates both graphs, of one module, on inputs and sizes made from `seed`. A finding where
 * `before` has a result and `after` has none or another: more than rounding, not a NaN, and not where
 * `before` itself jumps when its inputs change in their last digits.
 */
void fuzz_same_results(ir_graph *before, ir_graph *after, uint64_t seed);

/* Whether the evaluator refuses g for every choice of small sizes: they contradict each other. */
bool fuzz_has_no_results(ir_graph *g, uint64_t seed);

/* A number that depends on every byte. */
uint64_t fuzz_seed(const uint8_t *bytes, size_t count);

#endif
