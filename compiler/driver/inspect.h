/*
 * inspect.h: what `smelt inspect` knows of a compiled model. The facts are
 * gathered once (inspect_facts.c) and told three ways: as text, as JSON, as a
 * page with drawings. Everything lives in the compilation's arena. Private to
 * driver/.
 */
#ifndef SMELT_DRIVER_INSPECT_H
#define SMELT_DRIVER_INSPECT_H

#include "driver/compile.h"
#include "plan/cost.h"

/*
 * FLOPs per byte from which arithmetic takes longer than memory. Processors of the last decade do 32 to 64
 * f32 FLOPs per cycle and core, and get 3 to 6 bytes of memory in that time.
 */
enum { INSPECT_BALANCE_FLOPS_PER_BYTE = 10 };

/* The steps of an entry that do the same kind of work (plan_step_work). */
typedef struct {
  const char *name;
  int step_count;
  int64_t flops, bytes;
} inspect_work;

typedef struct {
  const plan_entry *entry;
  plan_cost cost;    /* of one call, as expressions */
  const int64_t *at; /* the value of each symbol where the numbers below hold: the build's limits */
  int64_t tokens;    /* that such a call reads; 0: the graph does not read tokens one after the other */
  int64_t context;   /* tokens that the last of them sees; 0 likewise */
  int64_t flops, weight_bytes, state_bytes, activation_bytes, bytes; /* bytes: all three */
  int64_t *step_flops, *step_bytes;                                  /* of each step */
  inspect_work *work;                                                /* most bytes and FLOPs first */
  size_t work_count;
  const bool *uses; /* whether a size of the entry depends on the symbol */
  int kernels[PLAN_KERNEL_COUNT];
  int operators[IR_OP_COUNT];                 /* nodes after all passes */
  int activations[IR_OP_COUNT];               /* linears that apply the operator and are not gated */
  int barriers, biased, gated, with_residual; /* the last three of the linears */
  int causal;                                 /* of the attentions */
} inspect_entry;

typedef struct {
  const compilation *compilation;
  const char *kind;         /* "decoder", "encoder-decoder", "graph" */
  onnx_summary file;        /* all files of the model together */
  uint64_t parameter_count; /* elements of the constants that the program keeps, each once */
  int64_t cache_bytes_per_token;
  inspect_entry *entries; /* as the plan's */
  size_t entry_count;
} inspect_facts;

void inspect_gather(compilation *c, inspect_facts *facts);

/* The most that a size can be at the build's limits; INT64_MAX: not known. */
int64_t inspect_largest(ir_module *m, ir_dim symbol);
/* Whether a call is bound by memory and not by arithmetic. */
bool inspect_is_memory_bound(const inspect_entry *e);
/* "12 attention (12 causal), 25 layer_norm, 49 linear (48 bias, 12 gelu_tanh, 24 residual)" */
char *inspect_fused(arena *a, const inspect_entry *e);
/* "prefill: 512 tokens, nothing before" or "run: one call at batch 1, sequence 2,048": what its numbers are
 * for. */
char *inspect_occasion(arena *a, const inspect_entry *e);
/* "memory: 0.51 FLOP per byte, 86 % of the bytes are weights; 10 GB/s give 17.9 tokens/s" */
char *inspect_limit(arena *a, const inspect_entry *e);
/* "sequence <= 512, past <= 1024"; "" where all sizes are fixed */
char *inspect_sizes(arena *a, const inspect_entry *e);
/* `text` without what moves a terminal's cursor: names come from files. */
char *inspect_printable(arena *a, const char *text);

void inspect_print(const inspect_facts *facts);
void inspect_print_json(const inspect_facts *facts);
/* Writes the page to `path`. */
status inspect_write_page(const inspect_facts *facts, const char *path);

#endif
