/* import_sequence.c: sequences, which are lists of values while the model is imported and nothing after. */
#include "onnx/encoding.h"

#include <string.h>

/* ---- what stands for a sequence ---- */

status onnx_new_sequence(onnx_model *model, ir_value *const *elements, int count, ir_value **result) {
  arena *a = model->arena;
  TRY(onnx_charge(model, (size_t)count));
  for (int i = 0; i < count; i++) {
    if (onnx_sequence_of(model, elements[i]) || elements[i] == model->none) {
      return fail(a, STATUS_INPUT, "element %d of a sequence is no tensor", i);
    }
    if (elements[i]->type.dtype != elements[0]->type.dtype ||
        onnx_noted(model, elements[i]) != onnx_noted(model, elements[0])) {
      return fail(a, STATUS_INPUT, "the elements of a sequence differ in element type");
    }
  }
  onnx_sequence *sequence = ARENA_NEW(a, onnx_sequence);
  sequence->count = count;
  sequence->elements = ARENA_ARRAY(a, ir_value *, (size_t)count);
  for (int i = 0; i < count; i++) sequence->elements[i] = elements[i];
  *result = ARENA_NEW(a, ir_value);
  pointer_map_set(a, &model->sequences, *result, sequence);
  return OK;
}

const onnx_sequence *onnx_sequence_of(const onnx_model *model, const ir_value *v) {
  return v ? pointer_map_get(&model->sequences, v) : NULL;
}

/* Operators besides those of this file that hand on what they are given, or ask only whether it is there. */
static const char *const carriers[] = {"Identity", "Loop", "Optional", "OptionalGetElement",
                                       "OptionalHasElement"};

static bool takes_sequences(const onnx_op_row *row) {
  const onnx_op_row *own = onnx_sequence_ops.rows;
  if (row >= own && row < own + onnx_sequence_ops.count) return true;
  for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++) {
    if (strcmp(row->op_type, carriers[i]) == 0) return true;
  }
  return false;
}

bool onnx_check_sequences(onnx_context *c) {
  if (takes_sequences(c->row)) return true;
  for (int i = 0; i < c->in_count; i++) {
    if (!onnx_sequence_of(c->model, c->in[i])) continue;
    onnx_fail(c, "its input %d ('%s') must be a tensor, not a sequence", i, onnx_text(c->node->input[i]));
    return false;
  }
  return true;
}

static ir_value *new_sequence(onnx_context *c, ir_value *const *elements, int count) {
  ir_value *result;
  status s = onnx_new_sequence(c->model, elements, count, &result);
  return s ? ir_build_fail(c->b, s) : result;
}

/* Input `index`, which must be a sequence; NULL and a failure if it is none. */
static const onnx_sequence *sequence_input(onnx_context *c, int index) {
  const onnx_sequence *s = onnx_sequence_of(c->model, c->in[index]);
  if (!s) onnx_fail(c, "its input %d ('%s') must be a sequence", index, onnx_text(c->node->input[index]));
  return s;
}

/*
 * Input 1 or 2 as a place among `count`, negative ones counted from the end; `fallback` without it. False and
 * a failure if it is not known or not there.
 */
static bool read_position(onnx_context *c, int index, int count, int length, int fallback, int *position) {
  int64_t given;
  *position = fallback;
  if (!c->in[index]) return true;
  if (!onnx_integer(c, index, "position", &given)) return false;
  if (given < -length || given >= count) {
    onnx_fail(c, "position %lld is outside the sequence, which has %d elements", (long long)given, length);
    return false;
  }
  *position = (int)(given < 0 ? given + length : given);
  return true;
}

/* ---- making and changing ---- */

static ir_value *import_empty(onnx_context *c) {
  return new_sequence(c, NULL, 0);
}

static ir_value *import_construct(onnx_context *c) {
  for (int i = 0; i < c->in_count; i++) {
    if (!c->in[i]) return onnx_fail(c, "its input %d is missing", i);
  }
  return new_sequence(c, c->in, c->in_count);
}

static ir_value *import_insert(onnx_context *c) {
  const onnx_sequence *s = sequence_input(c, 0);
  int place;
  if (!s || !read_position(c, 2, s->count + 1, s->count, s->count, &place)) return NULL;
  ir_value **elements = ARENA_ARRAY(c->a, ir_value *, (size_t)s->count + 1);
  for (int i = 0; i <= s->count; i++) {
    elements[i] = i < place ? s->elements[i] : i == place ? c->in[1] : s->elements[i - 1];
  }
  return new_sequence(c, elements, s->count + 1);
}

static ir_value *import_erase(onnx_context *c) {
  const onnx_sequence *s = sequence_input(c, 0);
  int place;
  if (!s) return NULL;
  if (!s->count) return onnx_fail(c, "there is nothing to erase: the sequence is empty");
  if (!read_position(c, 1, s->count, s->count, s->count - 1, &place)) return NULL;
  ir_value **elements = ARENA_ARRAY(c->a, ir_value *, (size_t)s->count);
  for (int i = 0; i + 1 < s->count; i++) elements[i] = s->elements[i < place ? i : i + 1];
  return new_sequence(c, elements, s->count - 1);
}

/* ---- reading ---- */

static ir_value *import_at(onnx_context *c) {
  const onnx_sequence *s = sequence_input(c, 0);
  int place;
  if (!s || !read_position(c, 1, s->count, s->count, 0, &place)) return NULL;
  return s->elements[place];
}

static ir_value *import_length(onnx_context *c) {
  const onnx_sequence *s = sequence_input(c, 0);
  return s ? ir_dim_scalar(c->b, onnx_dim(c, s->count)) : NULL;
}

/* Along an axis that the elements have, or (new_axis) along one of their own. */
static ir_value *import_concat(onnx_context *c) {
  const onnx_sequence *s = sequence_input(c, 0);
  bool adds = onnx_attr_int(c, "new_axis", 0) != 0;
  if (!s || onnx_failed(c)) return NULL;
  if (!s->count) return onnx_fail(c, "the sequence is empty, so the result has no shape");
  int rank = s->elements[0]->type.rank;
  if (!onnx_has_attr(c, "axis")) return onnx_fail(c, "its axis is missing");
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), rank + adds);
  ir_value **parts = ARENA_ARRAY(c->a, ir_value *, (size_t)s->count);
  for (int i = 0; i < s->count && !onnx_failed(c); i++) {
    if (s->elements[i]->type.rank != rank) return onnx_fail(c, "the elements differ in rank");
    parts[i] = adds ? onnx_add_axis(c, s->elements[i], axis) : s->elements[i];
  }
  if (onnx_failed(c)) return NULL;
  ir_value *result = s->count == 1 ? parts[0] : ir_concat(c->b, parts, s->count, axis);
  onnx_note(c->model, result, onnx_noted(c->model, s->elements[0]));
  return result;
}

/* ---- SplitToSequence ---- */

static bool fail_part_count(onnx_context *c, ir_dim count) {
  text t = {0};
  ir_dim_print(&t, count);
  status s = fail(c->a, STATUS_INPUT, "the number of its parts depends on the sizes of the model's inputs");
  s = fail_expected(c->a, fail_found(c->a, s, "%s parts", t.bytes), "a number known at build time");
  text_free(&t);
  s = fail_hint(
      c->a, s,
      "give the axis a fixed size when the model is exported; where it is torch's repeat_interleave, write "
      "expand and reshape instead");
  ir_build_fail(c->b, s);
  return false;
}

/* Parts of `part` elements, the last one smaller: their sizes, *count of them. False and a failure where
 * their number is not known. */
static bool equal_parts(onnx_context *c, ir_dim size, ir_dim part, const ir_dim **sizes, int *count) {
  int64_t each, parts, total;
  if (ir_dim_is_const(part, &each) && each < 1) {
    onnx_fail(c, "parts of %lld elements are asked for", (long long)each);
    return false;
  }
  ir_dim rounded = ir_dim_sub(c->m, ir_dim_add(c->m, size, part), onnx_dim(c, 1));
  ir_dim quotient = ir_dim_div(c->m, rounded, part);
  if (!ir_dim_is_const(quotient, &parts)) return fail_part_count(c, quotient);
  status s = onnx_charge(c->model, (size_t)parts);
  if (s) {
    ir_build_fail(c->b, s);
    return false;
  }
  ir_dim *list = ARENA_ARRAY(c->a, ir_dim, (size_t)parts);
  for (int64_t i = 0; i < parts; i++) list[i] = part;
  if (parts && ir_dim_is_const(size, &total)) list[parts - 1] = onnx_dim(c, total - each * (parts - 1));
  *sizes = list;
  *count = (int)parts;
  return true;
}

static bool split_sizes(onnx_context *c, ir_dim size, const ir_dim **sizes, int *count) {
  if (!c->in[1]) return equal_parts(c, size, onnx_dim(c, 1), sizes, count);
  const ir_type *given = &c->in[1]->type;
  if (given->rank == 1 && !ir_dim_is_const(given->dims[0], NULL)) return fail_part_count(c, given->dims[0]);
  if (!onnx_sizes(c, 1, "split", sizes, count)) return false;
  if (c->in[1]->type.rank == 0) return equal_parts(c, size, ir_dim_resolve(c->m, **sizes), sizes, count);
  ir_dim sum = onnx_dim(c, 0);
  for (int i = 0; i < *count; i++) {
    int64_t known;
    if (ir_dim_is_const((*sizes)[i], &known) && known < 0) {
      onnx_fail(c, "a part of %lld elements is asked for", (long long)known);
      return false;
    }
    sum = ir_dim_add(c->m, sum, (*sizes)[i]);
  }
  if (ir_dim_unify(c->m, sum, size)) return true;
  onnx_fail(c, "its parts do not add up to the axis");
  return false;
}

static ir_value *import_split(onnx_context *c) {
  ir_value *x = c->in[0];
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), x->type.rank), count, rank = 0;
  bool drops = onnx_attr_int(c, "keepdims", 1) == 0 && !c->in[1];
  const ir_dim *sizes;
  ir_dim kept[IR_MAX_RANK];
  if (onnx_failed(c) || !split_sizes(c, ir_dim_resolve(c->m, x->type.dims[axis]), &sizes, &count)) return x;
  for (int i = 0; i < x->type.rank; i++) {
    if (i != axis) kept[rank++] = x->type.dims[i];
  }
  ir_value **parts = ARENA_ARRAY(c->a, ir_value *, (size_t)count);
  ir_dim start = onnx_dim(c, 0);
  for (int i = 0; i < count; i++) {
    parts[i] = ir_slice_axis(c->b, x, axis, start, sizes[i]);
    if (drops) parts[i] = ir_reshape(c->b, parts[i], kept, rank);
    start = ir_dim_add(c->m, start, sizes[i]);
  }
  return new_sequence(c, parts, count);
}

/* ---- SequenceMap: its body, once for every element ---- */

/* Turn `turn`: sequences give their element, tensors themselves. The results go to elements[output][turn]. */
static bool map_turn(onnx_context *c, const Onnx__GraphProto *body, int turn, ir_value ***elements) {
  ir_value **inputs = ARENA_ARRAY(c->a, ir_value *, (size_t)c->in_count);
  ir_value **values = ARENA_ARRAY(c->a, ir_value *, body->n_output);
  for (int i = 0; i < c->in_count; i++) {
    const onnx_sequence *s = onnx_sequence_of(c->model, c->in[i]);
    inputs[i] = s ? s->elements[turn] : c->in[i];
  }
  if (!onnx_import_branch(c, body, inputs, (size_t)c->in_count, values)) return false;
  for (size_t i = 0; i < body->n_output; i++) elements[i][turn] = values[i];
  return true;
}

static ir_value *import_map(onnx_context *c) {
  const Onnx__GraphProto *body = onnx_attr_graph(c, "body");
  const onnx_sequence *first = sequence_input(c, 0);
  if (!first || !body) return onnx_failed(c) ? NULL : onnx_fail(c, "its body is missing");
  if (body->n_output < 1 || (size_t)c->out_count > body->n_output)
    return onnx_fail(c, "its body has too few outputs");
  for (int i = 1; i < c->in_count; i++) {
    const onnx_sequence *s = onnx_sequence_of(c->model, c->in[i]);
    if (!c->in[i]) return onnx_fail(c, "its input %d is missing", i);
    if (s && s->count != first->count)
      return onnx_fail(c, "its sequences have %d and %d elements", first->count, s->count);
  }
  status s = onnx_charge(c->model, (body->n_node + body->n_output) * (size_t)first->count);
  if (s) return ir_build_fail(c->b, s);
  ir_value ***elements = ARENA_ARRAY(c->a, ir_value **, body->n_output);
  for (size_t i = 0; i < body->n_output; i++)
    elements[i] = ARENA_ARRAY(c->a, ir_value *, (size_t)first->count);
  for (int turn = 0; turn < first->count; turn++) {
    if (!map_turn(c, body, turn, elements)) return NULL;
  }
  for (int i = 0; i < c->out_count; i++) c->out[i] = new_sequence(c, elements[i], first->count);
  return c->out[0];
}

static const onnx_op_row rows[] = {
    {"", "SequenceEmpty", 11, 0, 0, 0, import_empty, IR_IDENTITY},
    {"", "SequenceConstruct", 11, 0, 1, -1, import_construct, IR_IDENTITY},
    {"", "SequenceInsert", 11, 0, 2, 3, import_insert, IR_IDENTITY},
    {"", "SequenceErase", 11, 0, 1, 2, import_erase, IR_IDENTITY},
    {"", "SequenceAt", 11, 0, 2, 2, import_at, IR_IDENTITY},
    {"", "SequenceLength", 11, 0, 1, 1, import_length, IR_IDENTITY},
    {"", "ConcatFromSequence", 11, 0, 1, 1, import_concat, IR_CONCAT},
    {"", "SplitToSequence", 11, 0, 1, 2, import_split, IR_SLICE},
    {"", "SequenceMap", 17, 0, 1, -1, import_map, IR_IDENTITY},
};
const onnx_op_table onnx_sequence_ops = ONNX_OP_TABLE(rows);
