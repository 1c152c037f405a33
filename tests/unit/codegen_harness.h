/*
 * codegen_harness.h: runs generated kernels on this machine and compares them
 * with the reference evaluator. A case is a graph in text form; it becomes one
 * step over dense memory (a linear's weight is packed into panels here),
 * compiled for every level that the processor has, and run with several
 * values of the symbols S and P and several thread counts.
 */
#ifndef SMELT_CODEGEN_HARNESS_H
#define SMELT_CODEGEN_HARNESS_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* mkdtemp */
#endif
#include "codegen/codegen.h" /* before cmocka.h, which makes `fail` a macro */

#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { HARNESS_MAX_INPUTS = 8, HARNESS_THREADS = 4 };

/* Values of S and P that every graph with symbols runs with: empty, single, odd, beyond a tile. */
static const int64_t HARNESS_SIZES[][2] = {{1, 0}, {2, 1}, {5, 0}, {7, 19}, {33, 32}, {140, 3}, {0, 4}};

static void harness_check(status s) {
  if (s)
    fail_msg("%s (expected %s, found %s)", s->cause, s->expected ? s->expected : "-",
             s->found ? s->found : "-");
}

static plan_view harness_dense(ir_module *m, const ir_type *type, plan_space space, uint64_t base) {
  plan_view view = {.space = space, .base_bytes = base, .offset = ir_dim_const(m, 0)};
  ir_dim stride = ir_dim_const(m, 1);
  for (int a = type->rank - 1; a >= 0; a--) {
    view.stride[a] = stride;
    stride = ir_dim_mul(m, stride, type->dims[a]);
  }
  return view;
}

static plan_kernel harness_kernel(const ir_node *n) {
  static const struct {
    ir_op op;
    plan_kernel kernel;
  } KERNELS[] = {
      {IR_LINEAR, PLAN_LINEAR},       {IR_MATMUL, PLAN_MATMUL},       {IR_ATTENTION, PLAN_ATTENTION},
      {IR_LAYER_NORM, PLAN_NORM},     {IR_RMS_NORM, PLAN_NORM},       {IR_SOFTMAX, PLAN_SOFTMAX},
      {IR_ROTARY, PLAN_ROTARY},       {IR_CUMSUM, PLAN_CUMSUM},       {IR_CUMPROD, PLAN_CUMSUM},
      {IR_TOP_K, PLAN_TOP_K},         {IR_SCATTER, PLAN_SCATTER},     {IR_SCATTER_ADD, PLAN_SCATTER},
      {IR_SCATTER_MUL, PLAN_SCATTER}, {IR_SCATTER_MIN, PLAN_SCATTER}, {IR_SCATTER_MAX, PLAN_SCATTER}};
  for (size_t i = 0; i < sizeof KERNELS / sizeof *KERNELS; i++)
    if (KERNELS[i].op == n->op) return KERNELS[i].kernel;
  return PLAN_LOOPS;
}

static uint64_t harness_input_index(const ir_graph *g, const ir_value *v) {
  for (size_t i = 0; i < g->input_count; i++)
    if (g->inputs[i] == v) return i;
  fail_msg("not an input");
  return 0;
}

/* The whole graph as one step: inputs where the caller gives them, the result at the arena's start. */
static plan_step harness_step(arena *a, ir_graph *g) {
  ir_module *m = g->module;
  ir_value *result = g->outputs[0].value;
  ir_node *last = result->def;
  plan_step step = {.kernel = harness_kernel(last), .key = g->name};
  step.result = (plan_operand){.value = result, .view = harness_dense(m, &result->type, PLAN_ARENA, 0)};
  bool is_loops = step.kernel == PLAN_LOOPS;
  step.read_count = is_loops ? (int)g->input_count : last->operand_count;
  step.reads = ARENA_ARRAY(a, plan_operand, (size_t)step.read_count + 1);
  for (int i = 0; i < step.read_count; i++) {
    ir_value *v = is_loops ? g->inputs[i] : last->operands[i];
    if (!v) continue;
    step.reads[i] =
        (plan_operand){.value = v, .view = harness_dense(m, &v->type, PLAN_INPUT, harness_input_index(g, v))};
    if (step.kernel == PLAN_LINEAR && i == 1) step.reads[i].view.layout = PLAN_PANELS;
  }
  for (ir_node *n = g->first; n; n = n->next) step.node_count++;
  step.nodes = ARENA_ARRAY(a, ir_node *, (size_t)step.node_count + 1);
  int count = 0;
  for (ir_node *n = g->first; n; n = n->next) step.nodes[count++] = n;
  return step;
}

static plan_module *harness_plan(arena *a, ir_module *m) {
  plan_module *plan = ARENA_NEW(a, plan_module);
  plan->module = m;
  plan->entry_count = m->graph_count;
  plan->entries = ARENA_ARRAY(a, plan_entry, m->graph_count);
  for (size_t i = 0; i < m->graph_count; i++) {
    plan_step *step = ARENA_NEW(a, plan_step);
    *step = harness_step(a, m->graphs[i]);
    plan->entries[i] = (plan_entry){.graph = m->graphs[i], .steps = step, .step_count = 1};
  }
  return plan;
}

/* ---- compiling ------------------------------------------------------------------------ */

static void harness_write(const char *path, const text *bytes) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes->bytes, 1, bytes->count, f), bytes->count);
  fclose(f);
}

/* Links the objects into a shared object in a folder of its own and loads it. */
static const smelt_image *harness_load(arena *a, codegen_output *outputs, size_t count) {
  char folder[] = "/tmp/smelt-codegen-XXXXXX";
  assert_non_null(mkdtemp(folder));
  text command = {0};
  text_print(&command, "%s -shared --defsym t_manifest=0 --defsym t_weights=0 -o %s/t.so", SMELT_LINKER,
             folder);
  for (size_t i = 0; i < count; i++) {
    char *path = arena_format(a, "%s/%s", folder, outputs[i].name);
    harness_write(path, &outputs[i].bytes);
    text_print(&command, " %s", path);
  }
  assert_int_equal(system(command.bytes), 0);
  void *library = dlopen(arena_format(a, "%s/t.so", folder), RTLD_NOW | RTLD_LOCAL);
  if (!library) fail_msg("%s", dlerror());
  const smelt_image *image = dlsym(library, "smelt_model_t");
  assert_non_null(image);
  text_free(&command);
  text_print(&command, "rm -r %s", folder);
  assert_int_equal(system(command.bytes), 0);
  text_free(&command);
  return image;
}

static const smelt_image *harness_compile(arena *a, const plan_module *plan, const codegen_target *target,
                                          int level) {
  codegen_options options = {
      .target = target, .model_name = "t", .form = CODEGEN_OBJECT, .only_level = level};
  codegen_output outputs[CODEGEN_MAX_FILES];
  size_t count;
  harness_check(codegen_make(a, plan, &options, outputs, &count));
  const smelt_image *image = NULL;
  if (target == codegen_target_host() && level <= codegen_host_level())
    image = harness_load(a, outputs, count);
  for (size_t i = 0; i < count; i++) text_free(&outputs[i].bytes);
  return image;
}

/* ---- data --------------------------------------------------------------------------------- */

static uint64_t harness_random(uint64_t *state) { /* xorshift64*, Vigna 2016 */
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 2685821657736338717u;
}

static uint16_t harness_f16(float x) {
  _Float16 h = (_Float16)x;
  uint16_t bits;
  memcpy(&bits, &h, 2);
  return bits;
}

static uint16_t harness_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return (uint16_t)(bits >> 16);
}

static float harness_from_f16(uint16_t bits) {
  _Float16 h;
  memcpy(&h, &bits, 2);
  return (float)h;
}

static float harness_from_bf16(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

/* Floats in [-2, 2), integers in [-8, 8) or [0, 8), bools. */
static void harness_fill(ir_tensor *t, uint64_t *seed) {
  size_t bytes = ir_dtype_bytes(t->dtype);
  for (int64_t i = 0; i < ir_tensor_count(t); i++) {
    uint64_t r = harness_random(seed) >> 40; /* 24 bits */
    float x = (float)r / (float)(1 << 22) - 2;
    double wide = x;
    int64_t whole = ir_dtype_is_signed(t->dtype) ? (int64_t)(r % 16) - 8 : (int64_t)(r % 8);
    uint16_t half = t->dtype == SMELT_F16 ? harness_f16(x) : harness_bf16(x);
    if (t->dtype == SMELT_BOOL) whole &= 1;
    const void *from = t->dtype == SMELT_F32                       ? (const void *)&x
                       : t->dtype == SMELT_F64                     ? (const void *)&wide
                       : bytes == 2 && ir_dtype_is_float(t->dtype) ? (const void *)&half
                                                                   : (const void *)&whole;
    memcpy((char *)t->data + (size_t)i * bytes, from, bytes);
  }
}

static double harness_element(const ir_tensor *t, int64_t i) {
  switch (t->dtype) {
  case SMELT_F32:
    return ((const float *)t->data)[i];
  case SMELT_F64:
    return ((const double *)t->data)[i];
  case SMELT_F16:
    return harness_from_f16(((const uint16_t *)t->data)[i]);
  case SMELT_BF16:
    return harness_from_bf16(((const uint16_t *)t->data)[i]);
  default: {
    int64_t v = 0;
    size_t bytes = ir_dtype_bytes(t->dtype);
    memcpy(&v, (const char *)t->data + (size_t)i * bytes, bytes);
    if (bytes < 8 && ir_dtype_is_signed(t->dtype) && v >> (8 * bytes - 1)) v -= (int64_t)1 << (8 * bytes);
    return (double)v;
  }
  }
}

static double harness_tolerance(ir_dtype dtype) {
  return dtype == SMELT_F64    ? 1e-12
         : dtype == SMELT_F32  ? 1e-5
         : dtype == SMELT_F16  ? 4e-3
         : dtype == SMELT_BF16 ? 3e-2
                               : 0;
}

/* Within a tolerance of the element, and of a tenth of the largest: sums cancel. */
static void harness_compare(const char *what, const ir_tensor *wanted, const ir_tensor *got) {
  double tolerance = harness_tolerance(wanted->dtype), largest = 0;
  for (int64_t i = 0; i < ir_tensor_count(wanted); i++) {
    double size = fabs(harness_element(wanted, i));
    if (isfinite(size)) largest = fmax(largest, size);
  }
  for (int64_t i = 0; i < ir_tensor_count(wanted); i++) {
    double x = harness_element(wanted, i), y = harness_element(got, i);
    if (x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= tolerance * (1 + fabs(x) + 0.1 * largest))
      continue;
    fail_msg("%s: element %lld is %.9g, not %.9g", what, (long long)i, y, x);
  }
}

/* ---- running -------------------------------------------------------------------------------- */

static void harness_barrier(smelt_frame *frame) {
  (void)frame;
}

/* [K, N] to panels of PLAN_PANEL columns, the last padded with zeros (plan.h). */
static void *harness_pack(arena *a, const ir_tensor *w) {
  int64_t K = w->dims[0], N = w->dims[1], panels = (N + PLAN_PANEL - 1) / PLAN_PANEL;
  size_t bytes = ir_dtype_bytes(w->dtype);
  char *packed = arena_array(a, (size_t)(panels * K * PLAN_PANEL), bytes);
  for (int64_t k = 0; k < K; k++)
    for (int64_t n = 0; n < N; n++)
      memcpy(packed + (size_t)((n / PLAN_PANEL * K + k) * PLAN_PANEL + n % PLAN_PANEL) * bytes,
             (const char *)w->data + (size_t)(k * N + n) * bytes, bytes);
  return packed;
}

static void harness_bind(ir_module *m, const int64_t *sizes, int64_t *symbols) {
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++)
    symbols[i] = sizes[ir_dim_symbol_name(ir_dim_symbol_at(m, i))[0] == 'P'];
}

static ir_tensor harness_tensor(arena *a, const ir_type *type, const int64_t *symbols) {
  ir_tensor t = {.dtype = type->dtype, .rank = type->rank};
  for (int d = 0; d < type->rank; d++) t.dims[d] = ir_dim_evaluate(type->dims[d], symbols);
  t.data = arena_array(a, (size_t)ir_tensor_count(&t) + 1, ir_dtype_bytes(t.dtype));
  return t;
}

/* Memory that ends where a page begins that nobody may touch; a copy of `bytes` bytes. */
typedef struct {
  char *pages;
  size_t length;
} harness_fence;

static const void *harness_fenced(harness_fence *fence, const void *data, size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
  fence->length = room + page;
  fence->pages = mmap(NULL, fence->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(fence->pages != MAP_FAILED);
  assert_int_equal(mprotect(fence->pages + room, page, PROT_NONE), 0);
  return memcpy(fence->pages + room - bytes, data, bytes);
}

static size_t harness_bytes(const ir_tensor *t) {
  return (size_t)ir_tensor_count(t) * ir_dtype_bytes(t->dtype);
}

/* One graph at one set of sizes, against the evaluator, with 1 to HARNESS_THREADS threads. */
static void harness_run_graph(const plan_module *plan, const smelt_image *image, size_t entry,
                              const int64_t *sizes, const char *level) {
  arena scratch = {0};
  ir_module *m = plan->module;
  ir_graph *g = m->graphs[entry];
  const plan_step *step = plan->entries[entry].steps;
  int64_t symbols[8] = {0};
  uint64_t seed = 88172645463325252u + entry;
  ir_tensor inputs[HARNESS_MAX_INPUTS], wanted;
  const void *pointers[HARNESS_MAX_INPUTS];
  harness_fence fences[HARNESS_MAX_INPUTS];
  harness_bind(m, sizes, symbols);
  for (size_t i = 0; i < g->input_count; i++) {
    inputs[i] = harness_tensor(&scratch, &g->inputs[i]->type, symbols);
    harness_fill(&inputs[i], &seed);
    const void *data = inputs[i].data;
    size_t input_bytes = harness_bytes(&inputs[i]);
    if (step->kernel == PLAN_LINEAR && step->reads[1].view.base_bytes == i) {
      int64_t N = inputs[i].dims[1];
      data = harness_pack(&scratch, &inputs[i]);
      input_bytes = input_bytes / (size_t)N * (size_t)((N + PLAN_PANEL - 1) / PLAN_PANEL * PLAN_PANEL);
    }
    pointers[i] = harness_fenced(&fences[i], data, input_bytes);
  }
  harness_check(ir_evaluate(&scratch, g, inputs, NULL, &wanted));
  size_t bytes = harness_bytes(&wanted);
  char *first = NULL;
  for (int threads = 1; threads <= HARNESS_THREADS; threads++) {
    enum { GUARD = 64 };
    char *raw = arena_alloc(&scratch, bytes + 4 * GUARD);
    char *arena_bytes = raw + (GUARD - (uintptr_t)raw % GUARD) % GUARD + GUARD;
    memset(raw, 0x5a, bytes + 4 * GUARD);
    uint32_t claims[SMELT_CLAIMS] = {0};
    smelt_frame frame = {.arena = (uint8_t *)arena_bytes,
                         .inputs = pointers,
                         .dims = symbols,
                         .claims = claims,
                         .barrier = harness_barrier};
    for (int t = 0; t < threads; t++) image->levels[0].entries[entry](&frame, t, threads);
    ir_tensor got = wanted;
    got.data = arena_bytes;
    char what[128];
    snprintf(what, sizeof what, "%s S=%d P=%d threads=%d %s", g->name, (int)sizes[0], (int)sizes[1], threads,
             level);
    harness_compare(what, &wanted, &got);
    if (first && memcmp(first, arena_bytes, bytes) != 0)
      fail_msg("%s: other bits than with one thread", what);
    first = arena_bytes;
    for (int i = 0; i < GUARD; i++)
      if (arena_bytes[-1 - i] != 0x5a || arena_bytes[bytes + (size_t)i] != 0x5a)
        fail_msg("%s: writes outside", what);
  }
  for (size_t i = 0; i < g->input_count; i++) munmap(fences[i].pages, fences[i].length);
  arena_free(&scratch);
}

static bool harness_is_static(const ir_graph *g) {
  for (size_t i = 0; i < g->input_count; i++)
    if (!ir_type_is_static(&g->inputs[i]->type, NULL)) return false;
  return ir_type_is_static(&g->outputs[0].value->type, NULL);
}

/* The machine's levels all, of other processors' the highest: COFF and Mach-O have the same instructions. */
static inline bool harness_compiles(const codegen_target *target, int level) {
  bool is_last = level + 1 == CODEGEN_MAX_LEVELS || !target->levels[level + 1].cpu;
  bool is_other = target->format == CODEGEN_ELF || target->format == CODEGEN_WASM;
  return target == codegen_target_host() || (is_last && is_other);
}

/* Every graph of the text on every level of this machine; other levels and targets are compiled only. */
static inline void harness_run(const char *source) {
  arena a = {0};
  ir_module *m;
  harness_check(ir_parse(&a, "case", source, strlen(source), &m));
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) ir_dim_set_maximum(m, ir_dim_symbol_at(m, i), 256);
  plan_module *plan = harness_plan(&a, m);
  const codegen_target *target;
  for (size_t t = 0; (target = codegen_target_at(t)); t++)
    for (int level = 0; level < CODEGEN_MAX_LEVELS && target->levels[level].cpu; level++) {
      if (!harness_compiles(target, level)) continue;
      const smelt_image *image = harness_compile(&a, plan, target, level);
      for (size_t i = 0; image && i < plan->entry_count; i++) {
        size_t count = harness_is_static(m->graphs[i]) ? 1 : sizeof HARNESS_SIZES / sizeof *HARNESS_SIZES;
        for (size_t s = 0; s < count; s++)
          harness_run_graph(plan, image, i, HARNESS_SIZES[s], target->levels[level].cpu);
      }
    }
  arena_free(&a);
}

#endif
