/* import_slice.c: Slice and Pad, whose bounds may be symbolic. */
#include "onnx/import.h"

#include <string.h>

enum {
  NO_BOUND = INT32_MAX
}; /* exporters write INT32_MAX or INT64_MAX (or their negatives) for "to the end" */

typedef struct {
  ir_dim start, end;
  int64_t step;
} slice_range;

/* x lowered to `limit` where it may exceed it. */
static ir_dim at_most(onnx_context *c, ir_dim x, ir_dim limit) {
  int64_t lowest, highest;
  ir_dim_bounds(c->m, ir_dim_sub(c->m, limit, x), &lowest, &highest);
  if (lowest >= 0) return x;
  if (highest <= 0) return limit;
  /*
   * A symbolic bound into an axis of fixed size, as mask[:, :past + sequence] of a 1024 x 1024 causal mask:
   * the model means it to fit (else the sizes of its next operators would not meet), so it is no min().
   */
  if (!ir_dim_is_const(x, NULL) && ir_dim_is_const(limit, NULL)) {
    int64_t size;
    ir_dim_is_const(limit, &size);
    if (ir_dim_is_symbol(x) && ir_dim_maximum(c->m, x) > size) ir_dim_set_maximum(c->m, x, size);
    return x;
  }
  return ir_dim_min(c->m, x, limit);
}

/* x raised to `limit` where it may be below. */
static ir_dim at_least(onnx_context *c, ir_dim x, int64_t limit) {
  int64_t lowest, highest;
  ir_dim_bounds(c->m, x, &lowest, &highest);
  if (lowest >= limit) return x;
  if (highest <= limit) return onnx_dim(c, limit);
  return ir_dim_max(c->m, x, onnx_dim(c, limit));
}

/* A bound as numpy has it (negative: from the end), clamped to [least, most]. */
static ir_dim clamp_bound(onnx_context *c, ir_dim bound, ir_dim size, int64_t least, ir_dim most) {
  int64_t known, lowest, highest;
  bound = ir_dim_resolve(c->m, bound);
  if (ir_dim_is_const(bound, &known)) {
    if (known >= NO_BOUND) return most;
    if (known <= -NO_BOUND) return onnx_dim(c, least);
  }
  ir_dim_bounds(c->m, bound, &lowest, &highest);
  if (highest <= 0 && lowest < 0) bound = ir_dim_add(c->m, size, bound);
  return at_least(c, at_most(c, bound, most), least);
}

/* First index and number of elements of one sliced axis. */
static void slice_bounds(onnx_context *c, const slice_range *range, ir_dim size, ir_dim *start,
                         ir_dim *count) {
  bool forward = range->step > 0;
  ir_dim one = onnx_dim(c, 1), most = forward ? size : ir_dim_sub(c->m, size, one);
  int64_t step = forward ? range->step : -range->step;
  *start = clamp_bound(c, range->start, size, forward ? 0 : -1, most);
  ir_dim end = clamp_bound(c, range->end, size, forward ? 0 : -1, most);
  ir_dim span = forward ? ir_dim_sub(c->m, end, *start) : ir_dim_sub(c->m, *start, end);
  if (step != 1) {
    span = ir_dim_div(c->m, ir_dim_add(c->m, span, onnx_dim(c, step - 1)), onnx_dim(c, step));
  }
  *count = at_least(c, span, 0);
  if (ir_dim_is(*count, 0)) *start = onnx_dim(c, 0); /* nothing: no index that could be out of range */
}

/* Starts, ends, axes and steps: attributes up to opset 9, inputs after. False if it failed. */
typedef struct {
  const ir_dim *starts, *ends;
  const int64_t *axes, *steps; /* NULL: the first axes; ones */
  int count;
} slice_operands;

static bool read_slice(onnx_context *c, slice_operands *s) {
  int ends, axes, steps;
  *s = (slice_operands){0};
  if (c->opset < 10) {
    const int64_t *start = onnx_attr_ints(c, "starts", &s->count), *end = onnx_attr_ints(c, "ends", &ends);
    if (!start || !end) {
      onnx_fail(c, "its starts or ends are missing");
      return false;
    }
    s->starts = onnx_dims_of(c, start, s->count);
    s->ends = onnx_dims_of(c, end, ends);
    s->axes = onnx_attr_ints(c, "axes", &axes);
    if (!s->axes) axes = s->count;
    steps = s->count;
  } else {
    int64_t *list;
    if (!c->in[1] || !c->in[2]) {
      onnx_fail(c, "its starts or ends are missing");
      return false;
    }
    if (!onnx_sizes(c, 1, "starts", &s->starts, &s->count) || !onnx_sizes(c, 2, "ends", &s->ends, &ends))
      return false;
    axes = steps = s->count;
    if (c->in[3] && !onnx_integers(c, 3, "axes", &list, &axes)) return false;
    s->axes = c->in[3] ? list : NULL;
    if (c->in[4] && !onnx_integers(c, 4, "steps", &list, &steps)) return false;
    s->steps = c->in[4] ? list : NULL;
  }
  if (ends == s->count && axes == s->count && steps == s->count && s->count <= c->in[0]->type.rank)
    return true;
  if (!onnx_failed(c)) onnx_fail(c, "its starts, ends, axes and steps differ in length");
  return false;
}

static ir_value *import_slice(onnx_context *c) {
  ir_value *x = c->in[0];
  slice_operands s;
  ir_dim start[IR_MAX_RANK], size[IR_MAX_RANK];
  int64_t step[IR_MAX_RANK];
  if (!read_slice(c, &s)) return x;
  for (int i = 0; i < x->type.rank; i++) {
    start[i] = onnx_dim(c, 0);
    size[i] = x->type.dims[i];
    step[i] = 1;
  }
  for (int i = 0; i < s.count; i++) {
    slice_range range = {s.starts[i], s.ends[i], s.steps ? s.steps[i] : 1};
    int axis = onnx_axis(c, s.axes ? s.axes[i] : i, x->type.rank);
    if (onnx_failed(c)) return x;
    if (range.step == 0 || range.step == INT64_MIN)
      return onnx_fail(c, "its step is %lld", (long long)range.step);
    /* Steps longer than any axis take one element. */
    if (range.step > NO_BOUND) range.step = NO_BOUND;
    if (range.step < -NO_BOUND) range.step = -NO_BOUND;
    slice_bounds(c, &range, ir_dim_resolve(c->m, x->type.dims[axis]), &start[axis], &size[axis]);
    step[axis] = range.step;
  }
  return ir_slice(c->b, x, start, size, step);
}

/* ---- Pad ---- */

/* Per axis: elements added before and after; negative ones are cut off. */
typedef struct {
  ir_dim before[IR_MAX_RANK], after[IR_MAX_RANK];
} padding;

static bool read_padding(onnx_context *c, padding *p) {
  int rank = c->in[0]->type.rank, count, axis_count = rank;
  const ir_dim *list = NULL;
  int64_t *axes = NULL;
  if (c->opset < 11) {
    const int64_t *pads = onnx_attr_ints(c, c->opset < 2 ? "paddings" : "pads", &count);
    if (pads) list = onnx_dims_of(c, pads, count);
  } else if (c->in[1] && !onnx_sizes(c, 1, "pads", &list, &count)) {
    return false;
  }
  if (!list) {
    onnx_fail(c, "its pads are missing");
    return false;
  }
  if (c->in[3] && !onnx_integers(c, 3, "axes", &axes, &axis_count)) return false;
  if (count != 2 * axis_count) {
    onnx_fail(c, "it has %d pads for %d axes", count, axis_count);
    return false;
  }
  for (int i = 0; i < rank; i++) p->before[i] = p->after[i] = onnx_dim(c, 0);
  for (int i = 0; i < axis_count; i++) {
    int axis = onnx_axis(c, axes ? axes[i] : i, rank);
    if (onnx_failed(c)) return false;
    p->before[axis] = list[i];
    p->after[axis] = list[i + axis_count];
  }
  return true;
}

/* Cuts off what negative pads say, and makes them 0. `dims` becomes the result's. */
static ir_value *cut_negative(onnx_context *c, ir_value *x, padding *p, ir_dim *dims) {
  ir_dim start[IR_MAX_RANK];
  bool any = false;
  for (int i = 0; i < x->type.rank; i++) {
    int64_t before, after;
    start[i] = onnx_dim(c, 0);
    dims[i] = x->type.dims[i];
    if (ir_dim_is_const(p->before[i], &before) && before < 0) {
      start[i] = ir_dim_sub(c->m, start[i], p->before[i]);
      dims[i] = ir_dim_add(c->m, dims[i], p->before[i]);
      p->before[i] = onnx_dim(c, 0);
      any = true;
    }
    if (ir_dim_is_const(p->after[i], &after) && after < 0) {
      dims[i] = ir_dim_add(c->m, dims[i], p->after[i]);
      p->after[i] = onnx_dim(c, 0);
      any = true;
    }
    dims[i] = at_least(c, dims[i], 0);
  }
  return any ? ir_slice(c->b, x, start, dims, NULL) : x;
}

static ir_value *pad_constant(onnx_context *c, ir_value *x, const padding *p, const ir_dim *dims) {
  ir_attrs attrs = {.rank = c->in[0]->type.rank};
  bool any = false;
  if (c->opset < 11) attrs.value = onnx_attr_float(c, "value", 0);
  if (c->opset >= 11 && c->in[2] && !onnx_number(c, 2, "fill value", &attrs.value)) return x;
  for (int i = 0; i < attrs.rank; i++) {
    attrs.start[i] = p->before[i];
    attrs.shape[i] = ir_dim_add(c->m, dims[i], ir_dim_add(c->m, p->before[i], p->after[i]));
    attrs.step[i] = 1;
    any |= !ir_dim_is(p->before[i], 0) || !ir_dim_is(p->after[i], 0);
  }
  return any ? ir_build(c->b, IR_PAD, &x, 1, &attrs) : x;
}

typedef enum { PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

/* Which element of an axis of `size` stands at `index`, which may be outside of it. */
static int64_t source_index(pad_mode mode, int64_t index, int64_t size) {
  if (mode == PAD_EDGE || size == 1) return index < 0 ? 0 : index >= size ? size - 1 : index;
  int64_t period = mode == PAD_WRAP ? size : 2 * size - 2;
  index = ((index % period) + period) % period;
  return index < size ? index : period - index;
}

/* One axis gathered by the indices that the mode gives; sizes must be known. */
static ir_value *pad_axis(onnx_context *c, ir_value *x, int axis, pad_mode mode, ir_dim size, ir_dim before,
                          ir_dim after) {
  int64_t n, low, high;
  if (ir_dim_is(before, 0) && ir_dim_is(after, 0)) return x;
  if (!ir_dim_is_const(size, &n) || !ir_dim_is_const(before, &low) || !ir_dim_is_const(after, &high)) {
    return onnx_fail(c, "this padding mode needs an axis %d of fixed size", axis);
  }
  if (n < 1 || low > 1 << 24 || high > 1 << 24 || n > 1 << 24)
    return onnx_fail(c, "axis %d cannot be padded", axis);
  int64_t *indices = ARENA_ARRAY(c->a, int64_t, (size_t)(low + n + high));
  for (int64_t i = 0; i < low + n + high; i++) indices[i] = source_index(mode, i - low, n);
  ir_type type = {.dtype = SMELT_I64, .rank = 1, .dims = {onnx_dim(c, low + n + high)}};
  return ir_gather(c->b, x, ir_const_data(c->b, &type, indices), axis);
}

static ir_value *import_pad(onnx_context *c) {
  static const char *const names[] = {[PAD_REFLECT] = "reflect", [PAD_EDGE] = "edge", [PAD_WRAP] = "wrap"};
  const char *mode = onnx_attr_text(c, "mode", "constant");
  padding p = {0};
  ir_dim dims[IR_MAX_RANK] = {0};
  if (!read_padding(c, &p)) return c->in[0];
  ir_value *x = cut_negative(c, c->in[0], &p, dims);
  if (strcmp(mode, "constant") == 0) return pad_constant(c, x, &p, dims);
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    if (strcmp(mode, names[k]) != 0) continue;
    for (int i = 0; i < c->in[0]->type.rank; i++) {
      x = pad_axis(c, x, i, (pad_mode)k, dims[i], p.before[i], p.after[i]);
    }
    return x;
  }
  return onnx_fail(c, "unknown mode '%s'", mode);
}

/* ---- CenterCropPad: each axis cut or padded on both sides, the odd element at the end ---- */

static ir_value *import_center_crop_pad(onnx_context *c) {
  ir_value *x = c->in[0];
  int rank = x->type.rank, count, axis_count;
  int64_t *wanted;
  const int64_t *axes = onnx_attr_ints(c, "axes", &axis_count);
  if (!onnx_integers(c, 1, "shape", &wanted, &count)) return x;
  if (count != (axes ? axis_count : rank))
    return onnx_fail(c, "it has %d sizes for another number of axes", count);
  ir_attrs pad = {.rank = rank};
  ir_dim start[IR_MAX_RANK], size[IR_MAX_RANK], zero = onnx_dim(c, 0);
  for (int i = 0; i < rank; i++) {
    start[i] = pad.start[i] = zero;
    size[i] = pad.shape[i] = x->type.dims[i];
  }
  for (int i = 0; i < count; i++) {
    int axis = axes ? onnx_axis(c, axes[i], rank) : i;
    int64_t known;
    if (onnx_failed(c)) return x;
    if (!ir_dim_is_const(ir_dim_resolve(c->m, x->type.dims[axis]), &known) || wanted[i] < 0) {
      return onnx_fail(c, "axis %d must have a fixed size", axis);
    }
    pad.shape[axis] = onnx_dim(c, wanted[i]);
    if (wanted[i] < known) {
      start[axis] = onnx_dim(c, (known - wanted[i]) / 2);
      size[axis] = pad.shape[axis];
    } else {
      pad.start[axis] = onnx_dim(c, (wanted[i] - known) / 2);
    }
  }
  ir_value *cut = ir_slice(c->b, x, start, size, NULL);
  return ir_build(c->b, IR_PAD, &cut, 1, &pad);
}

static const onnx_op_row rows[] = {
    {"", "Slice", 1, 0, 1, 5, import_slice, IR_SLICE},
    {"", "CenterCropPad", 18, 0, 2, 2, import_center_crop_pad, IR_PAD},
    {"", "Pad", 1, 0, 1, 4, import_pad, IR_PAD},
};
const onnx_op_table onnx_slice_ops = ONNX_OP_TABLE(rows);
