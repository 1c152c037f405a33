/*
 * import.h: what an operator's importer works with. Private to compiler/onnx.
 *
 * An importer gets one node as an onnx_context and returns the node's first
 * result, made with the builder's short forms; further results go to c->out.
 * Failures stick in the builder, so an importer builds its whole chain and
 * never looks; only before it uses what it has just built as more than an
 * operand (its rank, its dims) it must ask onnx_failed.
 */
#ifndef SMELT_ONNX_IMPORT_H
#define SMELT_ONNX_IMPORT_H

#include "onnx/model.h"

/* The newest opset is that of the backend suite: beyond it operators may mean something else. */
enum { ONNX_NEWEST_OPSET = 28, ONNX_MIN_SLOTS = 16 };

/* One ONNX graph (the main one, a branch, or a function's body) while it is imported. */
typedef struct onnx_scope {
  struct onnx_scope *parent; /* whose names are seen too: a branch's surroundings */
  struct onnx_body *body;    /* the graph of its own that the names stand for; NULL: its parent's */
  onnx_names names;
  onnx_names *given; /* names given to values so far; branches and functions may repeat one */
  /* A function's body only: what is called, by which node, standing where. */
  const Onnx__FunctionProto *function;
  const Onnx__NodeProto *call;
  const struct onnx_scope *caller;
  int call_depth;
} onnx_scope;

typedef struct {
  ir_builder *b;
  ir_module *m;
  arena *a;
  onnx_model *model;
  onnx_scope *scope;
  const Onnx__NodeProto *node;
  const onnx_op_row *row;
  int64_t opset;  /* of the node's domain */
  ir_value **in;  /* NULL where absent; at least ONNX_MIN_SLOTS slots */
  int in_count;   /* as the node has them, absent ones included */
  ir_value **out; /* to fill, from 1 on; at least ONNX_MIN_SLOTS slots */
  int out_count;
} onnx_context;

typedef ir_value *onnx_importer(onnx_context *c);

/*
 * A name may stand for a sequence: tensors whose number is known while the model is imported. A value that is
 * in no graph stands for it, so that whatever hands values on (branches, functions, turns of a loop) hands on
 * sequences too; operators that compute never see one. An optional that is there is its element; one that is
 * absent is such a value as well, and among a node's inputs it is NULL.
 */
typedef struct {
  ir_value **elements;
  int count;
} onnx_sequence;

/*
 * One operator, in one range of opsets. in[0 .. least_inputs) are present when
 * the importer is called, and the node has at most most_inputs (-1: any number).
 */
struct onnx_op_row {
  const char *domain; /* "" is ai.onnx */
  const char *op_type;
  int since, until; /* opset versions, inclusive; until 0: no end yet */
  int least_inputs, most_inputs;
  onnx_importer *import;
  ir_op op; /* for importers that serve several operators */
};

#define ONNX_MICROSOFT "com.microsoft" /* the domain of ONNX Runtime's own operators */

typedef struct {
  const onnx_op_row *rows;
  size_t count;
} onnx_op_table;
#define ONNX_OP_TABLE(rows) {(rows), sizeof(rows) / sizeof *(rows)}

/* One table per family: import_FAMILY.c. */
#define ONNX_FAMILIES(X)                                                                                     \
  X(math)                                                                                                    \
  X(compare)                                                                                                 \
  X(activation)                                                                                              \
  X(movement)                                                                                                \
  X(slice)                                                                                                   \
  X(indexing)                                                                                                \
  X(shape)                                                                                                   \
  X(reduction)                                                                                               \
  X(matmul)                                                                                                  \
  X(determinant)                                                                                             \
  X(einsum)                                                                                                  \
  X(normalisation)                                                                                           \
  X(attention)                                                                                               \
  X(flex_attention)                                                                                          \
  X(linear_attention)                                                                                        \
  X(control)                                                                                                 \
  X(loop)                                                                                                    \
  X(scan)                                                                                                    \
  X(dynamic)                                                                                                 \
  X(suppression)                                                                                             \
  X(sequence)                                                                                                \
  X(optional)                                                                                                \
  X(quantisation)                                                                                            \
  X(contrib_activation)                                                                                      \
  X(contrib_normalisation)                                                                                   \
  X(contrib_attention)                                                                                       \
  X(contrib_group_query)                                                                                     \
  X(contrib_rotary)                                                                                          \
  X(contrib_matmul)                                                                                          \
  X(contrib_integer)                                                                                         \
  X(contrib_blocks)                                                                                          \
  X(bits)                                                                                                    \
  X(scatter)                                                                                                 \
  X(loss)                                                                                                    \
  X(convolution)                                                                                             \
  X(pooling)                                                                                                 \
  X(unpooling)                                                                                               \
  X(resize)                                                                                                  \
  X(grid)                                                                                                    \
  X(roi)                                                                                                     \
  X(deform)                                                                                                  \
  X(recurrent)                                                                                               \
  X(signal)
#define X(family) extern const onnx_op_table onnx_##family##_ops;
ONNX_FAMILIES(X)
#undef X

/* ---- dispatch.c ---- */

void onnx_index_operators(onnx_model *model);
/* The row for the node's operator and opset; fails if there is none. */
status onnx_find_operator(onnx_model *model, const Onnx__NodeProto *node, int64_t opset,
                          const onnx_op_row **row);

/* ---- left_out.c: operators that smelt does without on purpose ---- */

/* Why, as "decodes picture files ..."; NULL for any other operator. */
const char *onnx_why_left_out(const char *domain, const char *op_type);
void onnx_print_left_out(text *t); /* as a section of docs/operators.md */

/* ---- order.c ---- */

/*
 * Indices of the graph's nodes that its outputs need, in topological order.
 * scope->names holds the graph's inputs, initializers and producers. Fails on
 * undefined names and cycles.
 */
status onnx_order_nodes(onnx_model *model, const Onnx__GraphProto *graph, const onnx_scope *scope,
                        size_t **order, size_t *count);

/* ---- graph.c ---- */

/*
 * Imports a branch or body inside `c`'s scope, inputs[i] (none absent) being the value of its input i; fills
 * values[0 .. graph->n_output). False if it failed.
 */
bool onnx_import_branch(onnx_context *c, const Onnx__GraphProto *graph, ir_value *const *inputs,
                        size_t input_count, ir_value **values);
/* Counts work that the model's size does not bound: fails beyond a limit. */
status onnx_charge(onnx_model *model, size_t work);
/* "MatMul '/h.0/attn/MatMul'" */
const char *onnx_node_title(arena *a, const Onnx__NodeProto *node);

status onnx_declare_initializers(onnx_model *model, const Onnx__GraphProto *graph, onnx_scope *scope);
/*
 * Imports a graph's nodes in `scope`, whose names hold its inputs and initializers; fills
 * values[0 .. n_output).
 */
status onnx_import_body(onnx_model *model, ir_builder *b, onnx_scope *scope, const Onnx__GraphProto *body,
                        ir_value **values);

/* ---- body.c: graphs that a loop or branch runs while the model runs (ir.h, Control flow) ---- */

/* A body while it is imported. What it sees of the names around it becomes an input. */
typedef struct onnx_body {
  ir_graph *graph;
  ir_builder builder; /* of its nodes */
  ir_builder *around; /* of the graph that the node stands in */
  onnx_scope scope;
  ir_dim turn; /* a loop's: the symbol that is the number of the turn */
  /* Values around it that are its last inputs, in order. */
  ir_value **captured;
  size_t captured_count, captured_capacity;
} onnx_body;

/* Starts a body for c's node; its own inputs are added to body->graph before anything is imported. */
void onnx_body_begin(onnx_context *c, onnx_body *body);
/* A name that the body's nodes may use. */
void onnx_body_name(onnx_context *c, onnx_body *body, const char *name, ir_value *value);
/* Imports the nodes; fills values[0 .. proto->n_output). False if it failed. */
bool onnx_body_import(onnx_context *c, onnx_body *body, const Onnx__GraphProto *proto, ir_value **values);
/* The value around the body as the body sees it: a constant, sizes, or an input. The body's own inputs are
 * there by now. */
ir_value *onnx_body_capture(onnx_model *model, onnx_body *body, ir_value *outer);
/* Starts a loop's body that ends after `turns` turns and no sooner; `name`: of its turn. */
void onnx_body_begin_turns(onnx_context *c, onnx_body *body, const char *name, ir_dim turns);
/*
 * The loop node of a body that is complete. trip: i64 [], condition: bool [] (NULL: true); first: its carried
 * values before the first turn.
 */
ir_value *onnx_body_loop(onnx_context *c, const onnx_body *body, ir_value *trip, ir_value *condition,
                         ir_value *const *first, int carried);
/* Result `index` of a loop or branch node, of that type. */
ir_value *onnx_body_part(onnx_context *c, ir_value *from, int index, const ir_type *type);
/* Drops the body and the bodies inside: it has to be imported again. */
void onnx_body_drop(onnx_body *body);
/* Whether d says the same outside: no symbol in it is younger than `symbol_count`. */
bool onnx_is_outer_dim(ir_dim d, size_t symbol_count);

/* ---- import_sequence.c ---- */

/* The value that stands for a sequence of these elements (copied). */
status onnx_new_sequence(onnx_model *model, ir_value *const *elements, int count, ir_value **sequence);
const onnx_sequence *onnx_sequence_of(const onnx_model *model, const ir_value *v); /* NULL: it is none */
/* False and a failure where an operator that computes is given a sequence. */
bool onnx_check_sequences(onnx_context *c);

/* ---- import_optional.c ---- */

ir_value *onnx_none(onnx_model *model); /* the value that stands for what is absent */

/* ---- unroll.c ---- */

/*
 * A Loop whose number of turns is known at build time and small, or that carries sequences: its turns one
 * after the other, results in c->out. `body` fits the node. False, without a failure, for one that stays a
 * loop.
 */
bool onnx_unroll_loop(onnx_context *c, const Onnx__GraphProto *body);

/* ---- function.c: functions of the model's own (onnx docs/IR.md, Functions) ---- */

void onnx_index_functions(onnx_model *model);
const Onnx__FunctionProto *onnx_find_function(const onnx_model *model,
                                              const Onnx__NodeProto *node); /* or NULL */
/* Puts the function's body where the node stands; results go to c->out. */
status onnx_inline_function(onnx_context *c, const Onnx__FunctionProto *function);
/* Version of a domain inside a scope: a function imports its own. 0: none. */
int64_t onnx_scope_opset(const onnx_model *model, const onnx_scope *scope, const char *domain);
/* The attribute that `attribute` of a node in `scope` refers to, itself if it does not; NULL: not given. */
const Onnx__AttributeProto *onnx_resolve_attribute(const onnx_scope *scope,
                                                   const Onnx__AttributeProto *attribute);

/* ---- attribute.c: a missing attribute gives the fallback, one of another type fails ---- */

bool onnx_has_attr(const onnx_context *c, const char *name);
int64_t onnx_attr_int(onnx_context *c, const char *name, int64_t fallback);
double onnx_attr_float(onnx_context *c, const char *name, double fallback);
const char *onnx_attr_text(onnx_context *c, const char *name, const char *fallback);
/* NULL if missing; else *count elements, perhaps 0. */
const int64_t *onnx_attr_ints(onnx_context *c, const char *name, int *count);
const float *onnx_attr_floats(onnx_context *c, const char *name, int *count);
const char *const *onnx_attr_texts(onnx_context *c, const char *name, int *count);
const Onnx__TensorProto *onnx_attr_tensor(onnx_context *c, const char *name);
const Onnx__GraphProto *onnx_attr_graph(onnx_context *c, const char *name);

/* ---- import_normalisation.c ---- */

/* x - max - ln(sum e^(x - max)) along axis */
ir_value *onnx_build_log_softmax(onnx_context *c, ir_value *x, int axis);

/* ---- operand.c: inputs that are sizes, axes or plain numbers ---- */

const char *onnx_text(const char *text); /* protobuf-c's NULL as "" */

/* Sets the builder's failure, naming the node; returns a harmless value. */
ir_value *onnx_fail(onnx_context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool onnx_failed(const onnx_context *c);
/* Whether input `index`, which the row does not vouch for, is there with that rank (-1: any); else a failure.
 */
bool onnx_need(onnx_context *c, int index, int rank, const char *what);

/*
 * The elements of integer input `index` as dims; *count of them. Fails with
 * "depends on data" where they are not known at build time; returns false then.
 */
bool onnx_sizes(onnx_context *c, int index, const char *what, const ir_dim **list, int *count);
bool onnx_size(onnx_context *c, int index, const char *what, ir_dim *size); /* one element */
/* One element, known or not: what is not known is measured while the model runs, at most `limit` (NULL: any).
 */
bool onnx_size_or_measure(onnx_context *c, int index, const char *what, ir_dim limit, ir_dim *size);
/* The same, where symbolic ones are not allowed either. */
bool onnx_integers(onnx_context *c, int index, const char *what, int64_t **list, int *count);
bool onnx_integer(onnx_context *c, int index, const char *what, int64_t *value);
/* A constant one-element input as a number; false and a failure if it is no constant. */
bool onnx_number(onnx_context *c, int index, const char *what, double *number);

/* Negative axes count from the end. Fails and returns 0 for one outside [-rank, rank). */
int onnx_axis(onnx_context *c, int64_t axis, int rank);
/*
 * Axes from the attribute `axes`, or from input `index` (older and newer opsets), normalised against `rank`.
 * *list is NULL if the node has neither. Fails on duplicates.
 */
bool onnx_axes(onnx_context *c, int index, int rank, const int **list, int *count);

ir_dim onnx_dim(onnx_context *c, int64_t value);
const ir_dim *onnx_dims_of(onnx_context *c, const int64_t *values, int count);
ir_dim onnx_dim_product(onnx_context *c, const ir_dim *dims, int from, int to); /* of dims[from .. to) */
ir_value *onnx_number_like(onnx_context *c, const ir_value *x, double value);   /* scalar of x's dtype */
ir_value *onnx_i64(onnx_context *c, int64_t value); /* an i64 scalar; exact up to 2^53 */
/* Short forms, for formulas. */
ir_value *onnx_add(onnx_context *c, ir_value *x, ir_value *y);
ir_value *onnx_sub(onnx_context *c, ir_value *x, ir_value *y);
ir_value *onnx_mul(onnx_context *c, ir_value *x, ir_value *y);
bool onnx_is_float(const ir_value *v);
/* x with its last axes swapped. Rank at least 2. */
ir_value *onnx_swap_last(onnx_context *c, ir_value *x);
ir_value *onnx_add_axis(onnx_context *c, ir_value *x, int axis); /* x with an axis of size 1 before `axis` */

/* ---- broadcast.c ---- */

/* The broadcast of two shapes as numpy does; false and a failure if they do not fit. */
bool onnx_broadcast(onnx_context *c, const ir_dim *x, int x_rank, const ir_dim *y, int y_rank, ir_dim *result,
                    int *rank);
/* in[1], shaped so that it meets in[0] as numpy has it; up to opset 6 the attributes say which axes they are.
 */
ir_value *onnx_second_operand(onnx_context *c);
/* The same for PRelu's slope: a vector belonged to the channels, axis 1, up to opset 6. */
ir_value *onnx_channel_operand(onnx_context *c);

#endif
