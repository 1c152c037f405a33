/*
 * ir.h: the graph. SSA values with dtype and shape; operators in a small
 * closed set (ops.def); sizes that are integers or symbolic expressions. All
 * later stages work on this and nothing else.
 *
 * Everything lives in its module's arena. Ranks are always known; dims may be
 * symbolic. Sizes are never operands: shapes, slice bounds and iota starts
 * are attributes made of dim expressions, and integer tensors that only
 * compute shapes have `content`, their elements as dim expressions.
 */
#ifndef SMELT_IR_H
#define SMELT_IR_H

#include "base/base.h"
#include "ir/dim.h"
#include "smelt/model.h"

typedef struct ir_graph ir_graph;
typedef struct ir_node ir_node;
typedef struct ir_value ir_value;
typedef struct ir_constant ir_constant;

/* ---- dtypes: the ABI's own (model.h) ------------------------------------------------ */

typedef smelt_dtype ir_dtype;
const char *ir_dtype_name(ir_dtype dtype); /* "f32" */
bool ir_dtype_named(const char *name, size_t length, ir_dtype *dtype);
size_t ir_dtype_bytes(ir_dtype dtype);
bool ir_dtype_is_float(ir_dtype dtype);
bool ir_dtype_is_integer(ir_dtype dtype); /* signed or unsigned, not bool */
bool ir_dtype_is_signed(ir_dtype dtype);  /* signed integers and floats */

/* ---- types -------------------------------------------------------------------------------------- */

enum { IR_MAX_RANK = SMELT_MAX_RANK, IR_GROUP = 32 /* weights of 4 bits that share a scale */ };

typedef struct {
  ir_dtype dtype;
  int rank;
  ir_dim dims[IR_MAX_RANK];
} ir_type;

/* Product of the dims. */
ir_dim ir_type_element_count(ir_module *m, const ir_type *type);
/* Whether all dims are constants; their product goes to *count (may be NULL). */
bool ir_type_is_static(const ir_type *type, int64_t *count);
void ir_type_print(text *t, const ir_type *type); /* "f32[batch, 4, past + sequence, 16]" */

/* ---- constants ------------------------------------------------------------------------------------ */

/*
 * A static tensor. Either `data` points at its elements (into a mapped file or
 * the module's arena; dense, row-major, little-endian, any alignment), or it
 * is `made_by` a node over constants, evaluated when it is packed (evaluate.c), or
 * both are NULL: declared in text form only. Identity is the pointer: clones
 * of a graph share constants, and packing stores each once.
 */
struct ir_constant {
  const char *name; /* of the initializer; NULL for computed ones */
  ir_type type;
  const void *data;
  const ir_node *made_by; /* its inputs are all values of const nodes */
};

/* Bytes of the constant, evaluated into `scratch` where it is lazy. */
status ir_constant_bytes(arena *scratch, const ir_constant *c, const void **bytes);

/* Whether they have one shape and the same elements: clones, or stored in two files. */
bool ir_constant_same(const ir_constant *a, const ir_constant *b);
/* Whether w [K, N] is c [N, K] transposed: one made of the other, stored twice, or casts of such a pair. */
bool ir_constant_is_transpose(const ir_constant *w, const ir_constant *c);

/* ---- operators ----------------------------------------------------------------------------------------- */

typedef enum {
#define OP(NAME, name, ...) IR_##NAME,
#include "ir/ops.def"
#undef OP
  IR_OP_COUNT
} ir_op;

/* Attributes of all operators; ops.def says which of them an operator has. */
typedef struct {
  const ir_constant *constant;
  ir_dtype dtype;            /* cast: to what */
  int axis;                  /* 0 <= axis < rank, never negative */
  uint32_t axes;             /* bit i: axis i (reductions) */
  int perm[IR_MAX_RANK];     /* output axis i is input axis perm[i] */
  int rank;                  /* of `shape` */
  ir_dim shape[IR_MAX_RANK]; /* result shape of reshape, expand, slice, iota; lengths for dims */
  ir_dim start[IR_MAX_RANK]; /* first index per axis (slice), low padding (pad); [0]: first value (iota) */
  int64_t step[IR_MAX_RANK]; /* step per axis (slice; may be negative), step[0] (iota); 1 is the default */
  int64_t dim_count;         /* dims: how many */
  const ir_dim *dim_list;    /* dims: the elements */
  double value;              /* pad: the fill */
  double epsilon;            /* norms */
  double scale;              /* attention: scores are multiplied by it; linear: unused */
  double softcap;            /* attention: 0: none; else scores become softcap * tanh(score / softcap) */
  bool causal;               /* attention: key t is seen by query s iff t <= s + (T - S) */
  bool interleaved;          /* rotary: pairs (2i, 2i+1) instead of (i, i + D/2) */
  bool gated;       /* linear: columns [0,F) are the gate, [F,2F) the value: activation(gate) * value */
  bool wide;        /* linear: the result is f32 where x is narrower, not x's dtype */
  bool apart;       /* linear, attention: each row, or query, is added up in the order in which it is alone */
  ir_op activation; /* linear: an elementwise unary operator, or IR_IDENTITY */
  int state;        /* append: index into the graph's states */
  ir_graph *body, *otherwise; /* loop, branch: what they run */
  int carried;                /* loop: how many values go from one turn to the next */
  int index;                  /* part: which result */
} ir_attrs;

typedef enum {
  IR_CLASS_SOURCE,      /* const, dims, iota: no operands */
  IR_CLASS_ELEMENTWISE, /* one result element from the same element of each (broadcast) operand */
  IR_CLASS_MOVEMENT,    /* result elements are operand elements (or fill) at other places */
  IR_CLASS_REDUCTION,   /* over attrs.axes; reduced axes keep size 1 */
  IR_CLASS_DEDICATED,   /* has a kernel of its own */
  IR_CLASS_STATE,
  IR_CLASS_CONTROL, /* decides what is run, or how large things are, while the model runs */
} ir_op_class;

/* Bits for ir_op_info.attrs, in printing order; the name is the text form's. */
#define IR_ATTRS(X)                                                                                          \
  X(CONSTANT, constant)                                                                                      \
  X(DTYPE, dtype)                                                                                            \
  X(AXIS, axis)                                                                                              \
  X(AXES, axes)                                                                                              \
  X(PERM, perm)                                                                                              \
  X(SHAPE, shape)                                                                                            \
  X(START, start)                                                                                            \
  X(STEP, step)                                                                                              \
  X(DIM_LIST, list)                                                                                          \
  X(VALUE, value)                                                                                            \
  X(EPSILON, epsilon)                                                                                        \
  X(SCALE, scale)                                                                                            \
  X(SOFTCAP, softcap)                                                                                        \
  X(CAUSAL, causal)                                                                                          \
  X(INTERLEAVED, interleaved)                                                                                \
  X(GATED, gated)                                                                                            \
  X(WIDE, wide)                                                                                              \
  X(APART, apart)                                                                                            \
  X(ACTIVATION, activation)                                                                                  \
  X(STATE, state)                                                                                            \
  X(BODY, body)                                                                                              \
  X(OTHERWISE, otherwise)                                                                                    \
  X(CARRIED, carried)                                                                                        \
  X(INDEX, index)

enum {
#define X(NAME, name) IR_ATTR_BIT_##NAME,
  IR_ATTRS(X)
#undef X
#define X(NAME, name) IR_ATTR_##NAME = 1 << IR_ATTR_BIT_##NAME,
      IR_ATTRS(X)
#undef X
};

typedef struct ir_tensor ir_tensor;

/* Shape rule: fills *result from operands and attributes; failures say what does not fit. */
typedef status ir_infer_rule(ir_module *m, const ir_node *node, ir_type *result);
/*
 * Reference evaluation: plain, slow, obviously right. `symbols` holds the value of each symbol by index;
 * `out` has its concrete type and zeroed data.
 */
typedef status ir_evaluate_rule(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                                const int64_t *symbols, ir_tensor *out);

typedef struct {
  const char *name; /* "reduce_sum" */
  ir_op_class op_class;
  int min_operands, max_operands; /* operands between may be absent (NULL); concat: any number up to max */
  uint32_t attrs;                 /* IR_ATTR_* */
  ir_infer_rule *infer;
  ir_evaluate_rule *evaluate;
  const char *summary; /* one line for docs/ops.md: what it computes */
} ir_op_info;

const ir_op_info *ir_op_describe(ir_op op);
/* The elementwise operator by which a scatter combines a row with its update; IR_IDENTITY: none. */
ir_op ir_scatter_combination(ir_op scatter);
bool ir_op_named(const char *name, size_t length, ir_op *op);

/* ---- nodes, values, graphs ------------------------------------------------------------ */

struct ir_value {
  ir_type type;
  const char *name;      /* unique in its graph; from the ONNX model where it has one */
  ir_node *def;          /* NULL: an input of the graph */
  int use_count;         /* operand slots and graph outputs; kept by the functions below */
  const ir_dim *content; /* static-sized integer tensor of at most IR_MAX_CONTENT elements, else NULL */
};
enum { IR_MAX_CONTENT = 256 };

/* Every operator has one result. */
struct ir_node {
  ir_op op;
  int operand_count;
  ir_value **operands; /* NULL where an optional one is absent */
  ir_value *result;
  ir_attrs attrs;
  const char *origin; /* "MatMul '/h.0/attn/MatMul'": the ONNX node it came from, for errors; may be NULL */
  ir_node *previous, *next; /* the graph's order, which is topological */
};

/*
 * Control flow. A loop or branch runs a body: a graph of the module with
 * is_body set, which only that node refers to.
 *   loop trip, condition, x..., y... {body, list = [i], carried}: body's inputs are carried values (first x)
 *     and the y, which stay; its outputs are the condition of the next turn (bool []), the carried values,
 * and values that are gathered. In its dims and contents the symbol i is the number of the turn. branch
 * condition, y... {body, otherwise}: both have the y as inputs, and equally many outputs. part l {index}: the
 * carried values after the last turn, then the gathered ones, with an axis of turns in front; or the branch's
 * outputs. A size that is known only by computing it is a symbol that a measure node gives its value; nodes
 * that depend on the symbol come after it. Inside a body symbols mean what they mean around it. Where a
 * carried value changes its shape, body measures the sizes first, from carried numbers. Measure nodes are
 * never dead.
 */

/* A memory that lives on between calls: a KV cache, or results that are computed once (state pass). */
typedef struct {
  const char *name;
  ir_type type;    /* at its capacity: all dims static, or symbols with a maximum */
  int append_axis; /* axis that grows by append; -1: written whole */
} ir_state;

typedef struct {
  const char *name;
  ir_value *value;
} ir_output;

struct ir_graph {
  ir_module *module;
  const char *name; /* "run", "prefill", "decode", "encode" */
  bool is_body;     /* of a loop or branch: no entry of the compiled model */
  int body_count;   /* bodies named for it so far */
  ir_value **inputs;
  size_t input_count, input_capacity;
  ir_output *outputs;
  size_t output_count, output_capacity;
  ir_node *first, *last;
};

/* What the weights of linears and large tables are stored and multiplied in: --precision. */
#define IR_PRECISIONS(X)                                                                                     \
  X(F32, "f32")   /* as the model has them */                                                                \
  X(BF16, "bf16") /* products and sums in f32 */                                                             \
  X(INT8, "int8") /* a scale for each column; inputs of products too, a scale for each row */                \
  X(INT4, "int4") /* a scale for each IR_GROUP rows of a column; inputs as with int8 */

typedef enum {
#define X(NAME, text) IR_PRECISION_##NAME,
  IR_PRECISIONS(X)
#undef X
      IR_PRECISION_COUNT
} ir_precision;

const char *ir_precision_name(ir_precision precision);

/* Graphs that are compiled into one image and share constants, symbols and states. */
struct ir_module {
  arena *arena;
  const char *file; /* the model's path, for errors */
  ir_graph **graphs;
  size_t graph_count, graph_capacity;
  ir_state *states; /* indexed by attrs.state */
  size_t state_count, state_capacity;
  struct ir_dim_table *dims;
  ir_precision precision;
  bool keeps_bytes;     /* int8: every level multiplies bytes as they are, so that no row is widened */
  ir_dtype cache_dtype; /* f32 keys and values that grow in place are kept in this, i8 with scales: --kv */
  pointer_map shortened, quantised, quantised_tables; /* the precision pass's, by ir_constant */
  pointer_map weight_numbers; /* of ir_constants that int8 can hold: where in weight_names, as met */
  const char **weight_names;  /* as the model calls it, or the node that reads it */
  size_t weight_count, weight_capacity, kept_count;
  const bool *kept;     /* by number: what int8 leaves in bf16 */
  bool measures_losses; /* of f32: graphs also compute what int8 would lose in each (pass/losses.c) */
};

ir_module *ir_module_new(arena *a, const char *file);
ir_graph *ir_graph_new(ir_module *m, const char *name); /* appended to the module's graphs */
ir_graph *ir_graph_new_body(ir_graph *around);          /* named for the graph around it */
ir_value *ir_graph_add_input(ir_graph *g, const char *name, const ir_type *type);
void ir_graph_add_output(ir_graph *g, const char *name, ir_value *value);
/* A copy in the same module, sharing constants and states, `symbol` replaced by `value` (or both NULL). */
ir_graph *ir_graph_clone(ir_graph *g, const char *name, ir_dim symbol, ir_dim value);
ir_graph *ir_module_find(ir_module *m, const char *name); /* NULL if there is none */
/* From now on the module's graphs are these (NULLs are skipped) and the bodies that they run. */
void ir_module_keep(ir_module *m, ir_graph *const *graphs, size_t count);

/* ---- building (build.c) ------------------------------------------------------------ */

/*
 * Nodes are inserted before `before` (NULL: at the end of the graph). The
 * first failure sticks in `failed`; after it every call returns a harmless
 * value, so a caller may build a whole chain and look once.
 */
typedef struct {
  ir_graph *graph;
  ir_node *before;
  const char *origin; /* given to each node made */
  status failed;
} ir_builder;

/*
 * The one way to make a node: checks operands, infers the type, computes
 * `content`, and evaluates at once what has small constant operands (the
 * result is then a const node's). attrs NULL: none. Unset attrs.step mean 1.
 */
ir_value *ir_build(ir_builder *b, ir_op op, ir_value *const *operands, int operand_count,
                   const ir_attrs *attrs);

/* Short forms. Elementwise ones broadcast as numpy does (ranks are aligned with reshapes). */
ir_value *ir_unary(ir_builder *b, ir_op op, ir_value *x);
ir_value *ir_binary(ir_builder *b, ir_op op, ir_value *x, ir_value *y);
ir_value *ir_select(ir_builder *b, ir_value *condition, ir_value *x, ir_value *y);
ir_value *ir_cast(ir_builder *b, ir_value *x, ir_dtype dtype); /* x itself where it has the dtype */
ir_value *ir_reshape(ir_builder *b, ir_value *x, const ir_dim *dims, int rank);
ir_value *ir_transpose(ir_builder *b, ir_value *x, const int *perm);
ir_value *ir_expand(ir_builder *b, ir_value *x, const ir_dim *dims, int rank); /* numpy broadcast to dims */
/* start, size: per axis of x; step NULL: ones. */
ir_value *ir_slice(ir_builder *b, ir_value *x, const ir_dim *start, const ir_dim *size, const int64_t *step);
ir_value *ir_slice_axis(ir_builder *b, ir_value *x, int axis, ir_dim start, ir_dim size);
ir_value *ir_concat(ir_builder *b, ir_value *const *xs, int count, int axis);
ir_value *ir_gather(ir_builder *b, ir_value *data, ir_value *indices, int axis);
ir_value *ir_reduce(ir_builder *b, ir_op op, ir_value *x, uint32_t axes);
ir_value *ir_matmul(ir_builder *b, ir_value *x, ir_value *y); /* as numpy.matmul, ranks 1 and up */
ir_value *ir_iota(ir_builder *b, const ir_dim *dims, int rank, int axis, ir_dim start,
                  int64_t step);                                     /* i64 */
ir_value *ir_dims(ir_builder *b, const ir_dim *list, int64_t count); /* i64[count] */
ir_value *ir_dim_scalar(ir_builder *b, ir_dim d);                    /* i64[] */
/*
 * The integer scalar x (rank 0) as a size: what is known of it, else a new symbol named for `hint`, at most
 * `limit` (NULL: no limit yet), that a measure node gives its value.
 */
ir_dim ir_measure(ir_builder *b, ir_value *x, const char *hint, ir_dim limit);
ir_value *ir_const(ir_builder *b, const ir_constant *c);
ir_value *ir_const_scalar(ir_builder *b, ir_dtype dtype, double value);        /* rank 0 */
ir_value *ir_const_data(ir_builder *b, const ir_type *type, const void *data); /* data is copied */

/* A failure naming the builder's origin; sets b->failed unless set. Returns b's harmless value. */
ir_value *ir_build_fail(ir_builder *b, status s);

/* ---- editing ------------------------------------------------------------ */

void ir_replace_uses(ir_graph *g, ir_value *old_value, ir_value *new_value); /* operands and outputs */
void ir_set_operand(ir_node *n, int index, ir_value *value);
void ir_remove_node(ir_graph *g, ir_node *n); /* its result must be unused */
size_t ir_remove_dead(ir_graph *g);           /* returns how many nodes went */
/* Applies dim bindings to every type, content and attribute of the module's graphs. */
void ir_apply_bindings(ir_module *m);

bool ir_value_is_const(const ir_value *v); /* defined by a const node */
/* The elements of a const value, or NULL (lazy or not const); static while the module lives. */
const void *ir_value_data(const ir_value *v);
/* A one-element float or integer constant as double. */
bool ir_value_scalar(const ir_value *v, double *scalar);
/* Whether result and attributes are free of symbols, so that constant operands make a constant result. */
bool ir_node_is_static(const ir_node *n);
/* v's def if it is `op`, else NULL (v may be NULL). */
ir_node *ir_def(const ir_value *v, ir_op op);

/* ---- checking and text (verify.c, print.c, parse.c) ------------------------------ */

/* Operand counts, types as inferred, order, use counts, names. */
status ir_verify(ir_graph *g);
/*
 * The text form, one node a line; parse(print(g)) prints the same:
 *
 *   graph decode(input_ids: i64[1, 1], past: f32[1, 4, past_len, 16]) {
 *     wte = const "transformer.wte" : f32[512, 64]
 *     half = const {0.5} : f32[]
 *     x = gather wte, input_ids {axis = 0} : f32[1, 1, 64]
 *     y = linear x, w, bias, _ {activation = gelu} : f32[1, 1, 256]
 *     return logits = y
 *   }
 *
 * A module has lines "limit past <= 2048" (and >=) and "state past_0: f32[1, 4, 2048, 16] {append_axis = 2}"
 * in front of its graphs. Constants of at most 16 elements print their elements; others only name and type.
 * Names that are not plain identifiers stand in double quotes, such symbols in backticks; # begins a comment.
 * An attribute is left out where it has its default: shape of the result's type, start 0, step 1, false,
 * identity.
 */
void ir_print(text *t, ir_graph *g);
void ir_print_node(text *t, const ir_node *n); /* the line without indent and newline */
void ir_print_module(text *t, ir_module *m);   /* states, then graphs */
/* Parses a module in text form; `name` stands for the file in errors, which give line and column. */
status ir_parse(arena *a, const char *name, const char *source, size_t bytes, ir_module **module);

/* ---- reference evaluation (evaluate.c) ------------------------------------------------------------ */

struct ir_tensor {
  ir_dtype dtype;
  int rank;
  int64_t dims[IR_MAX_RANK];
  void *data; /* dense row-major */
};

int64_t ir_tensor_count(const ir_tensor *t);
/*
 * Runs g on `inputs` (in the graph's order) and fills `outputs` (g->output_count, data in `scratch`). Binds
 * the symbols from the inputs' shapes. `states` holds one tensor per module state (NULL where there are
 * none): append writes into it at the past length and reads its result from it.
 */
status ir_evaluate(arena *scratch, ir_graph *g, const ir_tensor *inputs, ir_tensor *states,
                   ir_tensor *outputs);
/* The same; `largest` (NULL: not asked) gets the largest value that each symbol had, by its index; 0: none.
 */
status ir_evaluate_sizes(arena *scratch, ir_graph *g, const ir_tensor *inputs, ir_tensor *states,
                         ir_tensor *outputs, int64_t *largest);
/*
 * One node on concrete operands (NULL where absent); what the builder's folding uses. `symbols` may be NULL
 * where the node's type and attributes are static. Fills out->dtype, rank and dims, and allocates out->data
 * in `scratch` where it is NULL. Operators of class STATE find their state's tensor behind their operands.
 */
status ir_evaluate_node(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out);

#endif
