/*
 * weights.c: which constants are stored, in which layout, and writing them.
 * A constant that several graphs or layers share is stored once; an embedding
 * that is also the output layer's weight is read out of that layer's panels.
 */
#include "plan/planner.h"

#include <string.h>

plan_layout plan_linear_layout(const ir_node *linear, int index) {
  const ir_value *scale = linear->operand_count > 5 ? linear->operands[5] : NULL;
  bool is_grouped = scale && scale->type.rank == 2;
  if (index == 5) return is_grouped ? PLAN_PANELS : PLAN_STRIDED;
  if (index != 1) return PLAN_STRIDED;
  if (is_grouped) return PLAN_NIBBLES;
  ir_dtype dtype = linear->operands[1]->type.dtype;
  return dtype == SMELT_I8 ? PLAN_QUADS : dtype == SMELT_BF16 ? PLAN_PAIRS : PLAN_PANELS;
}

int plan_rows_together(plan_layout layout) {
  static const int ROWS[] = {
      [PLAN_PANELS] = 1, [PLAN_PAIRS] = PLAN_PAIR, [PLAN_QUADS] = PLAN_QUAD, [PLAN_NIBBLES] = 2 * PLAN_QUAD};
  if (layout == PLAN_STRIDED) return 0;
  return ROWS[plan_is_transposed(layout) ? layout - PLAN_TRANSPOSED : layout];
}

bool plan_is_transposed(plan_layout layout) {
  return layout >= PLAN_PANELS_TRANSPOSED;
}

plan_view plan_weight_view(planner *p, const ir_constant *c, plan_layout layout) {
  plan_module *module = p->module;
  size_t index = 0;
  while (index < module->weight_count &&
         (module->weights[index].layout != layout || !ir_constant_same(module->weights[index].constant, c))) {
    index++;
  }
  if (index == module->weight_count) {
    ARENA_PUSH(p->a, module->weights, module->weight_count, p->weight_capacity) =
        (plan_weight){.constant = c, .layout = layout};
  }
  /* Until plan_lay_out_weights, base_bytes is the index. */
  plan_view view = {
      .space = PLAN_WEIGHTS, .base_bytes = index, .layout = layout, .offset = ir_dim_const(p->m, 0)};
  plan_dense_strides(p->m, &c->type, view.stride);
  return view;
}

void plan_place_constant(planner *p, ir_value *v) {
  if (pointer_map_get(&p->places, v)) return;
  plan_view view = plan_weight_view(p, v->def->attrs.constant, PLAN_STRIDED);
  pointer_map_set(p->a, &p->places, v, arena_copy(p->a, &view, sizeof view));
}

/* ---- tied embeddings ---- */

/* The panels whose matrix is the transpose of constant c, or weight_count. */
static size_t find_transposed_panels(const plan_module *module, const ir_constant *c) {
  size_t i = 0;
  for (; i < module->weight_count; i++) {
    const ir_constant *w = module->weights[i].constant;
    if (module->weights[i].layout != PLAN_STRIDED && ir_constant_is_transpose(w, c)) break;
  }
  return i;
}

/* Only loop nests know transposed panels, and only for the whole matrix. */
static bool reads_allow_panels(const plan_module *module, const plan_entry *entry, size_t weight) {
  for (size_t i = 0; i < entry->step_count; i++) {
    const plan_step *step = &entry->steps[i];
    for (int k = 0; k < step->read_count; k++) {
      const plan_operand *read = &step->reads[k];
      if (!read->value || read->view.space != PLAN_WEIGHTS || read->view.base_bytes != weight) continue;
      if (step->control != PLAN_CALL || step->kernel != PLAN_LOOPS || !ir_value_is_const(read->value) ||
          !ir_dim_is(read->view.offset, 0) ||
          !plan_view_is_dense(module->module, &read->value->type, &read->view)) {
        return false;
      }
    }
  }
  return true;
}

/* For each weight the index of the panels it is read from instead, or its own. */
static void tie_weights(const plan_module *module, size_t *stored_as) {
  for (size_t i = 0; i < module->weight_count; i++) {
    stored_as[i] = i;
    const ir_constant *c = module->weights[i].constant;
    if (module->weights[i].layout != PLAN_STRIDED || c->type.rank != 2) continue;
    size_t panels = find_transposed_panels(module, c);
    bool allowed = panels < module->weight_count;
    for (size_t k = 0; k < module->entry_count && allowed; k++) {
      allowed = reads_allow_panels(module, &module->entries[k], i);
    }
    if (allowed) stored_as[i] = panels;
  }
}

/* ---- places ---- */

static uint64_t weight_bytes(const plan_weight *w) {
  const ir_type *type = &w->constant->type;
  uint64_t count = 1;
  for (int i = 0; i < type->rank; i++) {
    int64_t size = 0;
    ir_dim_is_const(type->dims[i], &size);
    uint64_t step = w->layout == PLAN_STRIDED ? 1
                    : i == type->rank - 1     ? PLAN_PANEL
                                              : (uint64_t)plan_rows_together(w->layout);
    count *= ((uint64_t)size + step - 1) / step * step;
  }
  return w->layout == PLAN_NIBBLES ? count / 2 : count * ir_dtype_bytes(type->dtype);
}

static void patch_read(const plan_module *module, const size_t *stored_as, plan_view *view) {
  if (view->space != PLAN_WEIGHTS) return;
  size_t index = view->base_bytes;
  if (stored_as[index] != index) view->layout = module->weights[stored_as[index]].layout + PLAN_TRANSPOSED;
  view->base_bytes = module->weights[stored_as[index]].base_bytes;
}

status plan_lay_out_weights(plan_module *module) {
  size_t *stored_as = ARENA_ARRAY(module->module->arena, size_t, module->weight_count + 1);
  tie_weights(module, stored_as);
  for (size_t i = 0; i < module->weight_count; i++) {
    plan_weight *w = &module->weights[i];
    if (stored_as[i] != i) continue;
    w->base_bytes = module->weights_bytes;
    w->bytes = weight_bytes(w);
    module->weights_bytes += (w->bytes + PLAN_ALIGN_BYTES - 1) / PLAN_ALIGN_BYTES * PLAN_ALIGN_BYTES;
  }
  for (size_t i = 0; i < module->entry_count; i++) {
    for (size_t k = 0; k < module->entries[i].step_count; k++) {
      plan_step *step = &module->entries[i].steps[k];
      for (int r = 0; r < step->read_count; r++) patch_read(module, stored_as, &step->reads[r].view);
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < module->weight_count; i++) {
    if (stored_as[i] == i) module->weights[kept++] = module->weights[i];
  }
  module->weight_count = kept;
  return OK;
}

/* ---- writing ---- */

/* `columns` elements that follow one another to places `stride` bytes apart. */
static void spread(uint8_t *to, size_t stride, const uint8_t *from, size_t element, int64_t columns) {
  if (stride == element) {
    memcpy(to, from, (size_t)columns * element);
  } else if (element == 1) {
    for (int64_t i = 0; i < columns; i++) to[(size_t)i * stride] = from[i];
  } else {
    for (int64_t i = 0; i < columns; i++)
      memcpy(to + (size_t)i * stride, from + 2 * i, 2); /* the only others in pairs */
  }
}

/* c: [K, N], `together` rows together */
static void write_panels(const ir_constant *c, int together, const uint8_t *bytes, FILE *file) {
  int64_t K = 0, N = 0;
  size_t element = ir_dtype_bytes(c->type.dtype);
  ir_dim_is_const(c->type.dims[0], &K);
  ir_dim_is_const(c->type.dims[1], &N);
  uint8_t rows[PLAN_PANEL * 8] = {0};
  size_t stride = element * (size_t)together; /* between columns; at most 8 */
  for (int64_t n = 0; n < N; n += PLAN_PANEL) {
    int64_t columns = N - n < PLAN_PANEL ? N - n : PLAN_PANEL;
    for (int64_t k = 0; k < K; k += together) {
      if (columns < PLAN_PANEL || k + together > K) memset(rows, 0, sizeof rows);
      for (int64_t r = 0; r < together && k + r < K; r++) {
        const uint8_t *from = bytes + (size_t)((k + r) * N + n) * element;
        spread(rows + (size_t)r * element, stride, from, element, columns);
      }
      fwrite(rows, stride, PLAN_PANEL, file);
    }
  }
}

/* c: i8 [K, N], from -8 to 7 */
static void write_nibbles(const ir_constant *c, const uint8_t *bytes, FILE *file) {
  int64_t K = 0, N = 0;
  ir_dim_is_const(c->type.dims[0], &K);
  ir_dim_is_const(c->type.dims[1], &N);
  for (int64_t n = 0; n < N; n += PLAN_PANEL) {
    for (int64_t k = 0; k < K; k += 2 * PLAN_QUAD) {
      uint8_t pairs[PLAN_PANEL][PLAN_QUAD] = {{0}};
      for (int64_t q = 0; q < PLAN_QUAD; q++) {
        const uint8_t *low = bytes + (k + q) * N + n, *high = low + PLAN_QUAD * N;
        for (int64_t i = 0; i < PLAN_PANEL && n + i < N; i++)
          pairs[i][q] = (uint8_t)((low[i] + 8) & 15) | (uint8_t)((high[i] + 8) & 15) << 4;
      }
      fwrite(pairs, 1, sizeof pairs, file);
    }
  }
}

status plan_write_weights(const plan_module *plan, FILE *file) {
  static const uint8_t zeros[PLAN_ALIGN_BYTES];
  for (size_t i = 0; i < plan->weight_count; i++) {
    const plan_weight *w = &plan->weights[i];
    arena scratch = {0};
    const void *bytes;
    status s = ir_constant_bytes(&scratch, w->constant, &bytes);
    if (s) { /* the failure may lie in scratch: keep it for the caller */
      s = fail_node(plan->module->arena, s, "constant '%s'",
                    w->constant->name ? w->constant->name : "computed");
      return s;
    }
    if (w->layout == PLAN_NIBBLES) {
      write_nibbles(w->constant, bytes, file);
    } else if (w->layout != PLAN_STRIDED) {
      write_panels(w->constant, plan_rows_together(w->layout), bytes, file);
    } else {
      fwrite(bytes, 1, w->bytes, file);
    }
    arena_free(&scratch);
    fwrite(zeros, 1, (PLAN_ALIGN_BYTES - w->bytes % PLAN_ALIGN_BYTES) % PLAN_ALIGN_BYTES, file);
  }
  return ferror(file) ? fail(plan->module->arena, STATUS_INPUT, "the weights cannot be written: disk full?")
                      : OK;
}
