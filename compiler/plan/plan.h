/*
 * plan.h: from fused graphs to steps over memory. The plan decides which
 * nodes make one kernel, where every value lies, how weights are packed and
 * how large the memories are. Code generation turns each step into a call of
 * a generated kernel; it decides nothing that is written here.
 */
#ifndef SMELT_PLAN_H
#define SMELT_PLAN_H

#include "ir/ir.h"
#include "smelt/image.h"

/* ---- where values lie -------------------------------------------------------------------- */

typedef enum {
  PLAN_ARENA,   /* temporaries and outputs of one call */
  PLAN_WEIGHTS, /* packed constants, read-only */
  PLAN_STATE,   /* kept between calls */
  PLAN_INPUT,   /* given by the caller: dense row-major, any alignment of at least the element's */
} plan_space;

/* How the elements of a value are ordered in its memory. */
typedef enum {
  PLAN_STRIDED, /* element i[] at offset + sum(i[a] * stride[a]) */
  /*
   * Panels of P = PLAN_PANEL columns, for weights [K, N], with R rows together: element (k, n) at
   * ((n / P) * ceil(K / R) + k / R) * R P + (n % P) * R + k % R. Rows and columns that do not exist are zero,
   * so kernels may read whole panels. R fills 32 bits, which is what processors multiply and add up at once:
   */
  PLAN_PANELS, /* R = 1 */
  PLAN_PAIRS,  /* R = 2, for bf16 */
  PLAN_QUADS,  /* R = 4, for i8 */
  /*
   * Two quads in one, for i8 weights from -8 to 7, K a multiple of 8: element (k, n), plus 8, in byte
   * ((n / P) * (K / 8) + k / 8) * 4 P + (n % P) * 4 + k % 4, in the low half where k / 4 is even. So a vector
   * of bytes holds a quad of each of its columns in its low halves, the next in its high ones.
   */
  PLAN_NIBBLES,
  /* The memory of panels seen as its transpose [N, K]: element (n, k). An embedding tied to the output layer.
   */
  PLAN_PANELS_TRANSPOSED,
  PLAN_PAIRS_TRANSPOSED,
  PLAN_QUADS_TRANSPOSED,
  PLAN_NIBBLES_TRANSPOSED,
  PLAN_LAYOUT_COUNT
} plan_layout;

enum {
  PLAN_PANEL = 16,
  PLAN_PAIR = 2,
  PLAN_QUAD = 4,
  PLAN_CHUNK_KEYS = 128,
  PLAN_ALIGN_BYTES = 64,
  PLAN_MAX_DEPTH = 32,  /* of loops and branches */
  PLAN_MAX_OUTLETS = 2, /* of one linear: keys and values */
  PLAN_OUTLET_COLUMNS = 2 * PLAN_PANEL
};

typedef struct {
  plan_space space;
  uint64_t base_bytes; /* offset in the space; PLAN_INPUT: index of the input */
  plan_layout layout;
  ir_dim offset;              /* PLAN_STRIDED: elements added to base_bytes */
  ir_dim stride[IR_MAX_RANK]; /* PLAN_STRIDED: elements, per axis of the value; 0 where it is repeated */
} plan_view;

enum {
  PLAN_TRANSPOSED = PLAN_PANELS_TRANSPOSED - PLAN_PANELS /* from a layout in panels to its transpose */
};

/* R of a layout in panels, or of their transpose; 0 for PLAN_STRIDED. */
int plan_rows_together(plan_layout layout);
bool plan_is_transposed(plan_layout layout);

/* ---- steps ---------------------------------------------------------------------------------- */

/*
 * PLAN_KERNEL(NAME, name, summary): kernels with generators of their own.
 * codegen/kernels/NAME.c makes each; LOOPS takes whatever the others do not.
 */
#define PLAN_KERNELS(X)                                                                                      \
  X(LOOPS, loops, "a loop nest over a cluster of elementwise, movement and reduction nodes")                 \
  X(LINEAR, linear, "x times packed panels, with bias, activation, gate and residual")                       \
  X(MATMUL, matmul, "product of two computed matrices, batched")                                             \
  X(ATTENTION, attention, "scores, softmax and weighted values in one sweep over the keys")                  \
  X(ATTENTION_CHUNKS, attention_chunks, "the same for one query, by chunks of keys")                         \
  X(ATTENTION_JOIN, attention_join, "what the chunks found to the result")                                   \
  X(NORM, norm, "layer and root-mean-square normalisation of rows")                                          \
  X(SOFTMAX, softmax, "softmax of rows")                                                                     \
  X(ROTARY, rotary, "rotation of feature pairs by position")                                                 \
  X(CUMSUM, cumsum, "running sums and products along an axis")                                               \
  X(TOP_K, top_k, "indices of the largest elements along an axis")                                           \
  X(SCATTER, scatter, "rows replaced by or combined with others")

typedef enum {
#define X(NAME, name, summary) PLAN_##NAME,
  PLAN_KERNELS(X)
#undef X
      PLAN_KERNEL_COUNT
} plan_kernel;

const char *plan_kernel_name(plan_kernel kernel);

/* A value that a step reads from memory, or writes. */
typedef struct {
  ir_value *value; /* its type gives dtype and dims */
  plan_view view;
  /*
   * Among LINEAR's reads, after its operands: not read but written. value [1, H, S, D] is the result's
   * columns [first_column, first_column + H * D), which lie here and not in the result; D and first_column
   * are multiples of PLAN_OUTLET_COLUMNS, so that no tile has columns of both.
   */
  bool is_outlet;
  int64_t first_column;
} plan_operand;

/*
 * What a step is. Loops and branches are brackets in the list of steps; every thread walks through them and
 * decides alike, since what they read was written before a barrier.
 *   MEASURE: the integer that reads[0] holds becomes the value of nodes[0]'s size.
 *   LOOP .. LOOP_END: while the turn's number, the value of nodes[0]'s symbol, is below reads[0] (i64) and
 *     reads[1] (bool) holds; both have reads and nodes, LOOP_END writes the number of turns to result.
 *   BRANCH .. BRANCH_ELSE .. BRANCH_END: reads[0] (bool) decides.
 */
#define PLAN_CONTROLS(X)                                                                                     \
  X(CALL, "call") /* of a kernel */                                                                          \
  X(MEASURE, "measure")                                                                                      \
  X(LOOP, "loop")                                                                                            \
  X(LOOP_END, "end loop")                                                                                    \
  X(BRANCH, "branch")                                                                                        \
  X(BRANCH_ELSE, "else")                                                                                     \
  X(BRANCH_END, "end")

typedef enum {
#define X(NAME, text) PLAN_##NAME,
  PLAN_CONTROLS(X)
#undef X
} plan_control;

const char *plan_control_name(plan_control control);

/*
 * One step: mostly a kernel call.
 *   LOOPS: `nodes` are computed inside the kernel, in topological order; the last one's result is written to
 *     result. A node's operand is either the result of an earlier node in `nodes` or the value of one of
 * `reads` (by pointer). A reduction, if there is one, is the last node or feeds the rest through elementwise
 * nodes only. SOURCE nodes (small const, dims, iota) are in `nodes`, not in memory. An empty `nodes` is a
 * copy of reads[0].value to result, elementwise over the result's dims. others: nodes[0] is the one node;
 * `reads` follow its operands in order, absent ones skipped (value NULL). Views promised to dedicated
 * kernels: the last axis of every operand has stride 1 (PLAN_STRIDED). LINEAR: x and residual and result can
 * be walked as rows: all axes before the last merge into one with a single stride, that of axis rank-2 (rank
 * 1: one row); the weight is in panels. NORM, SOFTMAX likewise rows. MATMUL, ATTENTION, ROTARY: any strides
 * before the last axis. ATTENTION's bias and ROTARY's cos and sin may have stride 0 anywhere, except that
 * bias' last axis has stride 1 or 0. ATTENTION_CHUNKS has one query, or queries apart, in C chunks; chunk c
 * of PLAN_CHUNK_KEYS keys leaves [B, H, s * C + c, E + 2] in f32 (f64 for f64): E sums of values weighted by
 * exp(score - most), then most, the largest score, then the total of the weights. ATTENTION_JOIN reads that.
 */
typedef struct {
  plan_control control;
  plan_kernel kernel; /* of a PLAN_CALL */
  ir_node **nodes;
  int node_count;
  plan_operand *reads;
  int read_count;
  plan_operand result; /* value NULL: control that writes nothing */
  bool barrier;        /* all threads meet after this step: someone reads or overwrites what it touches */
  /*
   * Steps with equal keys compute the same function of their operand pointers and the symbols: same kernel,
   * nodes, dtypes, dims, strides; only base_bytes differ. Code generation makes one kernel per key.
   */
  const char *key;
} plan_step;

typedef struct {
  const char *name;
  ir_dtype dtype;
  int rank;
  ir_dim dims[IR_MAX_RANK];
  uint64_t arena_bytes_offset; /* outputs: dense row-major at this place in the arena */
} plan_io;

/* A piece of the arena. Steps are numbered in order; it is free before `first` and after `last`. */
typedef struct {
  uint64_t bytes;
  size_t first, last; /* last is PLAN_LAST_STEP for outputs, which live until the next call */
  uint64_t offset_bytes;
} plan_buffer;

enum { PLAN_LAST_STEP = SIZE_MAX / 2 };

typedef struct {
  ir_graph *graph;
  plan_step *steps;
  size_t step_count;
  plan_buffer *buffers; /* what the arena holds when: for people, code needs only the steps' views */
  size_t buffer_count;
  plan_io *inputs, *outputs;
  size_t input_count, output_count;
  uint64_t arena_bytes;
} plan_entry;

/* A constant as it will lie in the weights. */
typedef struct {
  const ir_constant *constant;
  plan_layout layout; /* PLAN_STRIDED: dense row-major */
  uint64_t base_bytes, bytes;
} plan_weight;

typedef struct {
  ir_module *module;
  plan_entry *entries; /* one per graph of the module that is no body, in order */
  size_t entry_count;
  plan_weight *weights;
  size_t weight_count;
  uint64_t weights_bytes;
  uint64_t *state_base_bytes; /* per module state */
  uint64_t state_bytes;
  uint64_t arena_bytes; /* the largest entry's */
} plan_module;

/*
 * Plans every graph of `m`. All symbols need a maximum (ir_dim_set_maximum):
 * memory is sized for it. The plan lives in the module's arena.
 */
status plan_make(ir_module *m, plan_module **plan);

/* Writes the packed weights, plan->weights_bytes bytes, in order. Memory use stays at one constant's size. */
status plan_write_weights(const plan_module *plan, FILE *file);

/*
 * Appends the manifest (smelt/image.h) to `blob`, 8-byte aligned pieces from its start: entries, symbols with
 * their maxima, sizes as postfix programs. `generation` (NULL: a plain graph) is copied into it.
 */
/* What is put before a text, and what that is called. */
typedef struct {
  const char *name, *text;
} plan_prompt;

typedef struct {
  const char *model_name, *smelt_version;
  const smelt_manifest_generation
      *generation; /* NULL: it does not generate text; its lists are those below */
  const int32_t *suppressed, *suppressed_first, *bad_words; /* as long as `generation` says */
  const int32_t *forced_first, *forced_last, *biased;       /* likewise */
  const float *biases;                                      /* [biased.count], a number for each sequence */
  const smelt_manifest_vision *vision;                      /* NULL: it reads no images */
  const smelt_manifest_hearing *hearing; /* NULL: it does not hear; its languages are those below */
  const char *const *language_codes;     /* [hearing->language_count] */
  const int32_t *language_tokens;        /* likewise */
  const smelt_manifest_reader *reader;   /* NULL: it does not read text; its lists are those below */
  const char *const *labels;             /* [reader->label_count] */
  const plan_prompt *prompts;            /* [reader->prompt_count] */
  uint64_t tokenizer_bytes;
  const text *chat;            /* the compiled chat template; NULL or empty: it has none */
  const uint8_t *weights_hash; /* [32], where the weights are in a file or compressed; NULL: they are not */
  const char *weights_file;    /* its name; NULL: none */
  uint64_t stored_bytes;       /* of the compressed weights; 0: they are not */
} plan_manifest_info;

status plan_write_manifest(const plan_module *plan, const plan_manifest_info *info, text *blob);

/* A table of steps with kernels, shapes and memory, for --print-plan and tests. */
void plan_print(text *t, const plan_module *plan);

#endif
