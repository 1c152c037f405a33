/*
 * unroll.c: a Loop whose turns are known while the model is imported becomes
 * those turns. Loops that carry sequences have no other way: after the import
 * there are no sequences.
 */
#include "onnx/encoding.h"

#include <string.h>

/* Beyond these a loop stays one, unless it carries sequences: turns, and nodes of all turns. */
enum { MOST_TURNS = 64, MOST_NODES = 1024, TURN_WORK = 16 };

/* What one output gives over the turns. */
typedef struct {
  ir_value **values;
  size_t count, capacity;
} turn_values;

typedef struct {
  onnx_context *c;
  const Onnx__GraphProto *body;
  int carried_count, gathered_count;
  bool must_unroll;
  int64_t trip_count;    /* INT64_MAX: until the condition fails */
  ir_value **inputs;     /* of the body: turn, condition, then the carried values */
  ir_value **values;     /* of one turn: condition, carried, gathered */
  turn_values *gathered; /* [gathered_count] */
  int64_t turn_count;
} unrolling;

static void read_loop(unrolling *u) {
  onnx_context *c = u->c;
  const Onnx__GraphProto *body = u->body;
  u->carried_count = c->in_count > 2 ? c->in_count - 2 : 0;
  u->gathered_count = (int)body->n_output - 1 - u->carried_count;
  u->inputs = ARENA_ARRAY(c->a, ir_value *, (size_t)u->carried_count + 2);
  u->values = ARENA_ARRAY(c->a, ir_value *, body->n_output);
  u->gathered = ARENA_ARRAY(c->a, turn_values, (size_t)u->gathered_count);
  for (int i = 0; i < u->carried_count; i++) {
    ir_value *value = c->in[i + 2];
    u->inputs[i + 2] = value ? value : onnx_none(c->model);
    u->must_unroll |= !value || onnx_sequence_of(c->model, value);
  }
}

/* A loop that is not known: a failure only where nothing else can be done with it. */
static bool give_up(unrolling *u, const char *what) {
  if (u->must_unroll && !onnx_failed(u->c)) {
    status s =
        fail(u->c->a, STATUS_INPUT, "its %s depends on data, and it carries a sequence or an optional", what);
    ir_build_fail(u->c->b, fail_hint(u->c->a, s, "such a loop must be known at build time"));
  }
  return false;
}

static bool read_trip_count(unrolling *u) {
  onnx_context *c = u->c;
  double count;
  u->trip_count = INT64_MAX;
  if (!c->in[0]) return true;
  if (!ir_value_scalar(c->in[0], &count)) return give_up(u, "trip count");
  if (count < 1e18) u->trip_count = count > 0 ? (int64_t)count : 0;
  return true;
}

/* Whether the body's condition is the one it is given, or a constant: no turn has to be tried to know it. */
static bool keeps_condition(const Onnx__GraphProto *body) {
  const char *name = onnx_text(body->output[0]->name);
  for (size_t i = body->n_node; i-- > 0;) {
    const Onnx__NodeProto *node = body->node[i];
    if (node->n_output != 1 || strcmp(onnx_text(node->output[0]), name) != 0) continue;
    if (strcmp(onnx_text(node->op_type), "Constant") == 0) return true;
    if (strcmp(onnx_text(node->op_type), "Identity") != 0 || node->n_input != 1) return false;
    name = onnx_text(node->input[0]);
  }
  return strcmp(name, onnx_text(body->input[1]->name)) == 0;
}

/* Whether a loop that could run as one is better unrolled. */
static bool is_small(const unrolling *u) {
  return u->trip_count <= MOST_TURNS && u->trip_count * (int64_t)u->body->n_node <= MOST_NODES &&
         keeps_condition(u->body);
}

static bool run_turn(unrolling *u) {
  onnx_context *c = u->c;
  u->inputs[0] = ir_dim_scalar(c->b, onnx_dim(c, u->turn_count));
  if (!onnx_import_branch(c, u->body, u->inputs, (size_t)u->carried_count + 2, u->values)) return false;
  u->inputs[1] = u->values[0];
  for (int i = 0; i < u->carried_count; i++) u->inputs[i + 2] = u->values[i + 1];
  for (int i = 0; i < u->gathered_count; i++) {
    ARENA_PUSH(c->a, u->gathered[i].values, u->gathered[i].count, u->gathered[i].capacity) =
        u->values[i + 1 + u->carried_count];
  }
  u->turn_count++;
  return true;
}

static bool run_turns(unrolling *u) {
  onnx_context *c = u->c;
  u->inputs[1] = c->in[1] ? c->in[1] : ir_const_scalar(c->b, SMELT_BOOL, 1);
  while (u->turn_count < u->trip_count) {
    double condition;
    if (!ir_value_scalar(u->inputs[1], &condition)) return give_up(u, "condition");
    if (condition == 0) break;
    status s = onnx_charge(c->model, u->body->n_node + u->body->n_output + TURN_WORK);
    if (s) ir_build_fail(c->b, s);
    if (s || !run_turn(u)) return false;
  }
  return true;
}

/* ---- what is gathered over the turns ---- */

/* No turn: what the body declares, none of it. Sizes that it does not say are 0. */
static ir_value *gather_nothing(onnx_context *c, const Onnx__ValueInfoProto *declared) {
  const Onnx__TypeProto *proto = declared->type;
  ir_type type = {.rank = 1, .dims = {onnx_dim(c, 0)}};
  if (!proto || proto->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !proto->tensor_type ||
      !onnx_storage_dtype(proto->tensor_type->elem_type, &type.dtype)) {
    return onnx_fail(c, "it never runs, and its body does not say what '%s' is", onnx_text(declared->name));
  }
  const Onnx__TensorShapeProto *shape = proto->tensor_type->shape;
  if (shape && shape->n_dim >= IR_MAX_RANK) return onnx_fail(c, "'%s' has too many dims", declared->name);
  for (size_t i = 0; shape && i < shape->n_dim; i++) {
    int64_t size = shape->dim[i]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                       ? shape->dim[i]->dim_value
                       : 0;
    type.dims[type.rank++] = onnx_dim(c, size > 0 && size < INT32_MAX ? size : 0);
  }
  ir_value *result = ir_const_data(c->b, &type, "");
  onnx_note(c->model, result, onnx_encoding_of(proto->tensor_type->elem_type));
  return result;
}

static ir_value *gather_turns(unrolling *u, int index) {
  onnx_context *c = u->c;
  turn_values *turns = &u->gathered[index];
  const onnx_encoding *encoding = turns->count ? onnx_noted(c->model, turns->values[0]) : NULL;
  if (!turns->count) return gather_nothing(c, u->body->output[1 + u->carried_count + index]);
  for (size_t i = 0; i < turns->count && !onnx_failed(c); i++) {
    ir_value *value = turns->values[i];
    if (value == c->model->none || onnx_sequence_of(c->model, value) ||
        onnx_noted(c->model, value) != encoding) {
      return onnx_fail(c, "what it gathers in its output %d are no tensors of one type",
                       u->carried_count + index);
    }
    turns->values[i] = onnx_add_axis(c, value, 0);
  }
  if (onnx_failed(c)) return turns->values[0];
  ir_value *result =
      turns->count == 1 ? turns->values[0] : ir_concat(c->b, turns->values, (int)turns->count, 0);
  onnx_note(c->model, result, encoding);
  return result;
}

bool onnx_unroll_loop(onnx_context *c, const Onnx__GraphProto *body) {
  unrolling u = {.c = c, .body = body};
  read_loop(&u);
  if (!read_trip_count(&u)) return false;
  if ((!u.must_unroll && !is_small(&u)) || !run_turns(&u)) return false;
  for (int i = 0; i < c->out_count; i++) {
    bool is_carried = i < u.carried_count;
    c->out[i] = is_carried ? u.inputs[i + 2] : gather_turns(&u, i - u.carried_count);
  }
  return !onnx_failed(c);
}
