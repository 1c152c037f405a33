/*
 * check.h: tests in the form of the ONNX backend suite (onnx/backend/test/data of the ONNX project): a folder
 * with model.onnx and test_data_set_N/{input,output}_K.pb, one TensorProto each; or a light model, NAME.onnx
 * with NAME_output_K.pb beside it. Private to driver/.
 */
#ifndef SMELT_DRIVER_CHECK_H
#define SMELT_DRIVER_CHECK_H

#include "codegen/codegen.h"

/* CHECK_X(NAME, text): how a test ends, and what it was doing when it ended. */
#define CHECK_VERDICTS(X)                                                                                    \
  X(PASSED, "passed")                                                                                        \
  X(FAILED, "failed")           /* a wrong answer, a crash, no end, or a defect */                           \
  X(UNSUPPORTED, "unsupported") /* smelt says that it cannot compile this */
#define CHECK_STAGES(X)                                                                                      \
  X(STARTING, "starting")                                                                                    \
  X(IMPORTING, "importing")                                                                                  \
  X(READING, "reading the data")                                                                             \
  X(EVALUATING, "evaluating")                                                                                \
  X(PASSES, "running the passes")                                                                            \
  X(PLANNING, "planning")                                                                                    \
  X(GENERATING, "generating code")                                                                           \
  X(RUNNING, "running the code")                                                                             \
  X(FINISHED, "finished")

#define X(NAME, text) CHECK_##NAME,
typedef enum { CHECK_VERDICTS(X) CHECK_VERDICT_COUNT } check_verdict;
typedef enum { CHECK_STAGES(X) CHECK_STAGE_COUNT } check_stage;
#undef X

const char *check_verdict_name(check_verdict verdict);
const char *check_stage_name(check_stage stage);

/* What became of one test. Plain memory, so that a child process can fill what its parent reads. */
typedef struct {
  check_verdict verdict;
  check_stage stage;
  double difference; /* the largest between an expected element and what the code computed */
  char reason[400];  /* of a test that did not pass, in full */
  char kind[120];    /* the same without names and numbers, to count by */
} check_result;

/* Fills the result from a printf format; `subject` (may be NULL) is what the reason is about, an operator's
 * name. */
void check_finish(check_result *result, check_verdict verdict, const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- one test (check_case.c) ---- */

/*
 * Compiles the test at `path` for the host's level of that index, runs each data set and compares with the
 * expected outputs and with the reference evaluator. `result` is written as the test goes on, so that it
 * tells how far a crash came.
 */
void check_case(const char *path, int level, check_result *result);

/* ---- running and comparing (check_execute.c, check_compare.c) ---- */

/*
 * Runs entry 0 of the plan with 1 and with 3 threads. `symbols` holds the value of each symbol of the module.
 * Outputs are allocated in `a`. Fails where the threads' results differ. Memory is as large as the plan says
 * and not a byte larger: whatever goes beyond crashes.
 */
status check_execute(arena *a, const plan_module *plan, smelt_entry_code *code, const ir_tensor *inputs,
                     int64_t *symbols, ir_tensor *outputs);

/* Fails, saying where, if `found` differs from `wanted` in dtype, shape, or an element by more than is
 * allowed. */
status check_compare(arena *a, const ir_tensor *wanted, const ir_tensor *found);
/* The largest absolute difference of two tensors that check_compare accepts; infinities and NaNs are equal.
 */
double check_difference(const ir_tensor *wanted, const ir_tensor *found);

/* ---- many tests (check_suite.c, check_report.c) ---- */

typedef struct {
  const char *path; /* of the test: a folder, or a light model's file */
  const char *name; /* the path below the suite's folder */
  check_result *result;
} check_test;

typedef struct {
  check_test *tests;
  size_t count, capacity;
} check_suite;

/* Finds every test below `folder`, in alphabetical order. */
status check_find(arena *a, const char *folder, check_suite *suite);
/* Runs them in processes of their own, at most `jobs` at once, each for at most CHECK_SECONDS. */
enum { CHECK_SECONDS = 60 };
status check_run(arena *a, check_suite *suite, int level, int jobs);

size_t check_count(const check_suite *suite, check_verdict verdict);
/* The table: a line per test that did not pass (those unsupported only if `all`), reasons by count, the
 * counts. */
void check_print(FILE *out, const check_suite *suite, bool all);
/* {"passed": N, ..., "reasons": [...], "tests": [...]} */
status check_write_json(arena *a, const check_suite *suite, const char *path);

#endif
