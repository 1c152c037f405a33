/*
 * precision_test.c: linears with weights of f32, bf16, int8 and int4 over every
 * edge of the register tile, on every level that a program of the precision has here: machine
 * code against the reference evaluator on the same narrowed weights, and
 * those against the weights as they were.
 */
#define _GNU_SOURCE
#include "codegen/stage.h" /* before cmocka.h, which makes `fail` a macro */
#include "driver/check.h"
#include "pass/pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "emulated_instructions.h"

typedef struct {
  int64_t M, N, K;
  const char *attributes; /* of the linear, "" or " {...}" */
  bool gated, bias, residual;
} shape;

static void check(status s) {
  if (s) fail_msg("%s: %s", s->node ? s->node : "", s->cause);
}

static float next_random(uint64_t *seed) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (float)((double)(*seed >> 11) / (double)(UINT64_C(1) << 53) * 2 - 1);
}

static void *random_floats(arena *a, int64_t count, uint64_t *seed) {
  float *data = ARENA_ARRAY(a, float, (size_t)count + 1);
  for (int64_t i = 0; i < count; i++) data[i] = next_random(seed);
  return data;
}

/* y = linear x, w [, bias] [, residual], with the constants filled. */
static ir_module *make_linear(arena *a, const shape *s, ir_precision precision) {
  int64_t F = s->gated ? s->N / 2 : s->N;
  text t = {0};
  text_print(&t, "graph run(x: f32[m, %d], r: f32[m, %d]) {\n", (int)s->K, (int)F);
  text_print(&t, "  w = const \"w\" : f32[%d, %d]\n", (int)s->K, (int)s->N);
  text_print(&t, "  b = const \"b\" : f32[%d]\n", (int)s->N);
  text_print(&t, "  y = linear x, w, %s, %s%s : f32[m, %d]\n", s->bias ? "b" : "_", s->residual ? "r" : "_",
             s->attributes, (int)F);
  text_print(&t, "  z = add y, r : f32[m, %d]\n  return z = z\n}\n", (int)F);
  ir_module *m;
  uint64_t seed = (uint64_t)(s->M * 1009 + s->N * 31 + s->K);
  check(ir_parse(a, "case", t.bytes, t.count, &m));
  text_free(&t);
  for (ir_node *n = m->graphs[0]->first; n; n = n->next) {
    int64_t count;
    if (n->op != IR_CONST || !ir_type_is_static(&n->result->type, &count)) continue;
    ir_constant *c = (ir_constant *)(uintptr_t)n->attrs.constant;
    c->data = random_floats(a, count, &seed);
  }
  m->precision = precision;
  return m;
}

/* Largest difference as a share of the largest number. */
static double difference(const ir_tensor *a, const ir_tensor *b) {
  double most = 0, size = 1e-9;
  assert_int_equal(ir_tensor_count(a), ir_tensor_count(b));
  for (int64_t i = 0; i < ir_tensor_count(a); i++) {
    double x = ((const float *)a->data)[i], y = ((const float *)b->data)[i];
    most = fmax(most, fabs(x - y));
    size = fmax(size, fabs(x));
  }
  return most / size;
}

/* ---- levels that this processor lacks ---- */

static codegen_level levels_to_emulate[CODEGEN_MAX_LEVELS];
static codegen_target emulated;

/* Matrix tiles, and dot products of bytes and of bf16, beside what x86-64-v3 has. */
static int emulated_levels(void) {
#ifdef SMELT_HAS_EMULATED_INSTRUCTIONS
  if (codegen_host_level() < 1) return 0;
  const codegen_level *v3 = &codegen_target_host()->levels[1];
  codegen_level *levels = levels_to_emulate;
  emulated = *codegen_target_host();
  emulated.levels = levels;
  levels[0] = levels[1] = *v3;
  levels[0].features = "+amx-tile,+amx-bf16,+amx-int8";
  levels[0].engines |= ENGINE_AMX;
  levels[0].layouts = 1u << PLAN_PAIRS | 1u << PLAN_QUADS;
  levels[1].features = "+avxvnni";
  levels[1].engines |= ENGINE_DOT8U;
  levels[1].layouts = 1u << PLAN_QUADS | 1u << PLAN_NIBBLES;
  levels[2] = levels[0];
  levels[2].features = "";
  levels[2].apart_features = "+avx512bf16,+avx512vl";
  levels[2].engines = v3->engines | ENGINE_BF16;
  levels[2].layouts = 1u << PLAN_PAIRS;
  emulate_instructions();
  return 3;
#else
  return 0;
#endif
}

/* A linear before and after the passes, and planned. */
typedef struct {
  const shape *shape;
  ir_precision precision;
  double loss; /* the most that narrowing may change, as a share of the largest result */
  ir_graph *wide, *narrow;
  plan_module *plan;
} linear_case;

static void run_code(arena *a, const linear_case *c, const codegen_loaded *code, int level, int64_t M) {
  const shape *s = c->shape;
  uint64_t seed = 77;
  int64_t F = s->gated ? s->N / 2 : s->N, symbols[4] = {M};
  ir_tensor inputs[] = {
      {.dtype = SMELT_F32, .rank = 2, .dims = {M, s->K}, .data = random_floats(a, M * s->K, &seed)},
      {.dtype = SMELT_F32, .rank = 2, .dims = {M, F}, .data = random_floats(a, M * F, &seed)}};
  ir_tensor wide, narrow, computed;
  check(ir_evaluate(a, c->wide, inputs, NULL, &wide));
  check(ir_evaluate(a, c->narrow, inputs, NULL, &narrow));
  double lost = difference(&wide, &narrow);
  if (lost > c->loss)
    fail_msg("%s loses %g of [%d, %d, %d]", ir_precision_name(c->precision), lost, (int)M, (int)s->N,
             (int)s->K);
  check(check_execute(a, c->plan, codegen_loaded_entry(code, 0), inputs, symbols, &computed));
  double wrong = difference(&narrow, &computed);
  if (!(wrong < 1e-5))
    fail_msg("%s on level %d is wrong by %g at M %d, N %d, K %d", ir_precision_name(c->precision), level,
             wrong, (int)M, (int)s->N, (int)s->K);
}

static bool has_layouts(const plan_module *plan, unsigned layouts) {
  unsigned found = 0;
  for (size_t i = 0; i < plan->weight_count; i++) found |= 1u << plan->weights[i].layout;
  return found & layouts;
}

/* Which levels: by their place, those to emulate behind this machine's own; by the width of their vectors. */
typedef struct {
  int first, least_vector_bytes;
} level_choice;

/* Compiled for the shape's rows at most, with each of so many numbers of rows. */
static void run_rows(const shape *s, const int64_t *rows, size_t row_count, ir_precision precision,
                     double loss, level_choice levels) {
  arena a = {0};
  ir_module *m = make_linear(&a, s, precision);
  linear_case c = {.shape = s,
                   .precision = precision,
                   .loss = loss,
                   .wide = make_linear(&a, s, precision)->graphs[0],
                   .narrow = m->graphs[0]};
  ir_dim_set_maximum(m, ir_dim_symbol_at(m, 0), s->M);
  check(pass_run_all(c.narrow, NULL, NULL));
  check(plan_make(m, &c.plan));
  const codegen_options every = {.target = codegen_target_host(), .only_level = -1};
  int own_levels = codegen_host_level() + 1;
  for (int level = levels.first; level < own_levels + emulated_levels(); level++) {
    codegen_loaded *code;
    bool is_own = level < own_levels;
    const codegen_level *row = is_own ? &every.target->levels[level] : &emulated.levels[level - own_levels];
    if (row->vector_bytes < levels.least_vector_bytes) continue;
    if (is_own && !level_wanted(&every, c.plan, level)) continue;
    if (!is_own && !has_layouts(c.plan, row->layouts)) continue;
    check(is_own ? codegen_load(&a, c.plan, level, &code)
                 : codegen_load_for(&a, c.plan, &emulated, level - own_levels, &code));
    for (size_t i = 0; i < row_count; i++) run_code(&a, &c, code, level, rows[i]);
    codegen_unload(code);
  }
  arena_free(&a);
}

static void run(const shape *s, ir_precision precision, double loss) {
  run_rows(s, &s->M, 1, precision, loss, (level_choice){0});
}

static const shape SHAPES[] = {
    {.M = 1, .N = 16, .K = 4},
    {.M = 1, .N = 1, .K = 8},
    {.M = 2, .N = 17, .K = 12, .bias = true},
    {.M = 3, .N = 31, .K = 100, .residual = true},
    {.M = 4, .N = 33, .K = 64, .bias = true, .residual = true},
    {.M = 5, .N = 15, .K = 396, .attributes = " {activation = gelu}"},
    {.M = 7, .N = 64, .K = 20, .bias = true, .attributes = " {activation = silu}"},
    {.M = 13, .N = 48, .K = 1028, .bias = true},
    {.M = 1, .N = 32, .K = 16, .gated = true, .attributes = " {activation = silu, gated = true}"},
    {.M = 6, .N = 72, .K = 24, .gated = true, .attributes = " {activation = silu, gated = true}"},
    {.M = 140, .N = 34, .K = 36, .gated = true, .bias = true, .attributes = " {gated = true}"},
    {.M = 0, .N = 16, .K = 16},
    {.M = 1, .N = 17, .K = 1},
    {.M = 5, .N = 40, .K = 33, .bias = true},
    {.M = 14, .N = 33, .K = 771, .residual = true}, /* K in blocks, the last one odd */
    {.M = 33, .N = 65, .K = 96, .bias = true},
    {.M = 6, .N = 44, .K = 32, .gated = true, .attributes = " {activation = silu, gated = true}"},
    {.M = 1, .N = 17, .K = 32},
    {.M = 2, .N = 100, .K = 96, .bias = true, .residual = true},
    {.M = 11, .N = 40, .K = 320, .attributes = " {activation = relu}"},
    {.M = 9, .N = 72, .K = 64, .gated = true, .attributes = " {activation = silu, gated = true}"},
};

static void run_all(ir_precision precision, double loss) {
  for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
    shape s = SHAPES[i];
    if (!s.attributes) s.attributes = "";
    run(&s, precision, loss);
  }
}

static void f32_stays(void **state) {
  (void)state;
  run_all(IR_PRECISION_F32, 1e-6); /* passes reorder sums */
}

static void bf16_loses_little(void **state) {
  (void)state;
  run_all(IR_PRECISION_BF16, 0.01); /* 2^-9 of each product; sums of few products cancel */
}

/*
 * Every edge of a block of matrix tiles, 32 by 32 by `depth`: code for many rows runs with few of them too;
 * code for few at most is another.
 */
static void run_edges(ir_precision precision, int64_t depth, double loss) {
  static const int64_t ROWS[] = {4, 16, 17, 32, 33, 129}, COLUMNS[] = {1, 17, 32, 65};
  enum { ROW_COUNT = sizeof ROWS / sizeof *ROWS, COLUMN_COUNT = sizeof COLUMNS / sizeof *COLUMNS };
  const level_choice emulated_only = {.first = codegen_host_level() + 1};
  for (size_t j = 0; j < COLUMN_COUNT; j++) {
    shape s = {.M = 129, .N = COLUMNS[j], .K = j % 2 ? depth : 2 * depth, .attributes = ""};
    s.bias = j % 3, s.residual = j % 2;
    run_rows(&s, ROWS, ROW_COUNT, precision, loss, emulated_only);
  }
  for (size_t i = 0; i < ROW_COUNT - 1; i++) {
    shape s = {.M = ROWS[i], .N = COLUMNS[(i + 1) % COLUMN_COUNT], .K = i % 2 ? depth : 2 * depth};
    s.attributes = "", s.bias = i % 3, s.residual = i % 2;
    run_rows(&s, ROWS, i + 1, precision, loss, emulated_only);
  }
  shape gated = {
      .M = 37, .N = 96, .K = 2 * depth, .gated = true, .attributes = " {activation = silu, gated = true}"};
  run(&gated, precision, loss);
}

static void bf16_edges(void **state) {
  (void)state;
#ifdef SMELT_HAS_EMULATED_INSTRUCTIONS
  long tiles_before = tile_count, dots_before = bf16_dot_count;
  run_edges(IR_PRECISION_BF16, 32, 0.02);
  assert_true(codegen_host_level() < 1 || tile_count > tiles_before || __builtin_cpu_supports("amx-bf16"));
  assert_true(codegen_host_level() < 1 || bf16_dot_count > dots_before ||
              __builtin_cpu_supports("avx512bf16"));
#else
  run_edges(IR_PRECISION_BF16, 32, 0.02);
#endif
}

/* So few rows that all of a deep K is taken at once: eight of them need more room than a block of K does. */
static void deep_rows_apart_have_room(void **state) {
  (void)state;
  run(&(shape){.M = 8, .N = 8, .K = 8192, .attributes = " {apart = true}"}, IR_PRECISION_BF16, 0.01);
}

static void int8_loses_little(void **state) {
  (void)state;
  run_all(IR_PRECISION_INT8, 0.04); /* 1 / 254 of the largest factor on either side, likewise */
}

static void int4_loses_more(void **state) {
  (void)state;
  run_all(IR_PRECISION_INT4, 0.25); /* 1 / 16 of a group's largest weight; sums of few products cancel */
}

/*
 * Every number of rows up to twice the largest tile and one more, with every number of columns behind whole
 * panels of 16, up to as many; 1 to 3 groups of K.
 */
static void int4_edges(void **state) {
  (void)state;
  static const uint8_t COLUMNS[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
                                    17, 20, 24, 28, 31, 32, 33, 40, 47, 48, 49, 56, 63, 64, 65};
  enum { MOST_ROWS = 17, NARROW_COLUMNS = 33 };
  int64_t rows[MOST_ROWS];
  for (int i = 0; i < MOST_ROWS; i++) rows[i] = i + 1;
  for (size_t i = 0; i < sizeof COLUMNS; i++) {
    int64_t N = COLUMNS[i];
    shape s = {.M = MOST_ROWS, .N = N, .K = 32 * (1 + N % 3), .attributes = "", .bias = N % 2};
    level_choice levels = {.least_vector_bytes =
                               N > NARROW_COLUMNS ? 64 : 0}; /* whose tiles have 32 columns */
    run_rows(&s, rows, MOST_ROWS, IR_PRECISION_INT4, 0.3, levels);
  }
}

/* Half a byte for each element, and bf16 for each group of 32. */
static void int4_is_small(void **state) {
  (void)state;
  arena a = {0};
  plan_module *plan;
  ir_module *m = make_linear(&a, &(shape){.M = 1, .N = 1024, .K = 512, .attributes = ""}, IR_PRECISION_INT4);
  ir_dim_set_maximum(m, ir_dim_symbol_at(m, 0), 1);
  check(pass_run_all(m->graphs[0], NULL, NULL));
  check(plan_make(m, &plan));
  assert_int_equal(plan->weights_bytes, 1024 * 512 / 2 + 1024 * 512 / 32 * 2);
  arena_free(&a);
}

static void int8_edges(void **state) {
  (void)state;
#ifdef SMELT_HAS_EMULATED_INSTRUCTIONS
  long tiles_before = tile_count, dots_before = dot_count;
  run_edges(IR_PRECISION_INT8, 64, 0.04);
  assert_true(codegen_host_level() < 1 || tile_count > tiles_before || __builtin_cpu_supports("amx-int8"));
  assert_true(codegen_host_level() < 1 || dot_count > dots_before || __builtin_cpu_supports("avxvnni"));
#else
  run_edges(IR_PRECISION_INT8, 64, 0.04);
#endif
}

/* ---- a table that is also the output layer's weight ---- */

/* y = (table at ids) w, with w made from the table or, as exporters also do, stored beside it. */
static ir_module *make_tied(arena *a, int64_t N, int64_t K, bool is_stored_twice, ir_precision precision) {
  text t = {0};
  text_print(&t, "graph run(ids: i64[m]) {\n  table = const \"table\" : f32[%d, %d]\n", (int)N, (int)K);
  text_print(&t, "  x = gather table, ids {axis = 0} : f32[m, %d]\n", (int)K);
  if (is_stored_twice) {
    text_print(&t, "  w = const \"w\" : f32[%d, %d]\n", (int)K, (int)N);
  } else {
    text_print(&t, "  w = transpose table {perm = [1, 0]} : f32[%d, %d]\n", (int)K, (int)N);
  }
  text_print(&t, "  y = matmul x, w : f32[m, %d]\n  return y = y, x = x\n}\n", (int)N);
  ir_module *m;
  uint64_t seed = 5;
  check(ir_parse(a, "case", t.bytes, t.count, &m));
  text_free(&t);
  float *table = random_floats(a, N * K, &seed), *w = ARENA_ARRAY(a, float, (size_t)(N * K));
  for (int64_t n = 0; n < N; n++)
    for (int64_t k = 0; k < K; k++) w[k * N + n] = table[n * K + k];
  for (ir_node *n = m->graphs[0]->first; n; n = n->next) {
    if (n->op != IR_CONST) continue;
    ir_constant *c = (ir_constant *)(uintptr_t)n->attrs.constant;
    c->data = strcmp(c->name, "table") == 0 ? table : w;
  }
  m->precision = precision;
  ir_dim_set_maximum(m, ir_dim_symbol_at(m, 0), 8);
  return m;
}

/* Code on every level against the evaluator: rows of the table, and what is made of them. */
static void run_tables(arena *a, const ir_module *m, const plan_module *plan) {
  enum { M = 8 };
  int64_t ids[M] = {0, 1, 17, -1, 5, 15, 16, 99}, symbols[4] = {M};
  ir_tensor input = {.dtype = SMELT_I64, .rank = 1, .dims = {M}, .data = ids}, expected[2], computed[2];
  check(ir_evaluate(a, m->graphs[0], &input, NULL, expected));
  for (int level = 0; level <= codegen_host_level(); level++) {
    codegen_loaded *code;
    check(codegen_load(a, plan, level, &code));
    check(check_execute(a, plan, codegen_loaded_entry(code, 0), &input, symbols, computed));
    for (int i = 0; i < 2; i++)
      if (!(difference(&expected[i], &computed[i]) < 1e-5))
        fail_msg("%s on level %d: output %d is wrong", ir_precision_name(m->precision), level, i);
    codegen_unload(code);
  }
}

/* It is stored once, in the weight's precision, and rows are read out of it. */
static void tied_tables_stay_tied(void **state) {
  (void)state;
  static const struct {
    ir_precision precision;
    int64_t N, K, bytes; /* of the weights: panels of 16 columns, then scales up to a multiple of 64 */
  } CASES[] = {
      {IR_PRECISION_F32, 1024, 128, 1024 * 128 * 4},
      {IR_PRECISION_BF16, 1024, 128, 1024 * 128 * 2},
      {IR_PRECISION_INT8, 1024, 128, 1024 * 128 + 1024 * 4},
      {IR_PRECISION_INT8, 999, 20, 1008 * 20 + 4032},
      {IR_PRECISION_INT4, 1024, 128, 1024 * 128 / 2 + 1024 * 128 / 32 * 2},
      {IR_PRECISION_INT4, 999, 96, 1008 * 96 / 2 + 6080},
      {IR_PRECISION_INT4, 999, 20, 1008 * 20 + 4032}, /* K is no multiple of 32: bytes */
  };
  for (size_t i = 0; i < 2 * sizeof CASES / sizeof *CASES; i++) {
    arena a = {0};
    plan_module *plan;
    bool is_stored_twice = i % 2;
    ir_module *m = make_tied(&a, CASES[i / 2].N, CASES[i / 2].K, is_stored_twice, CASES[i / 2].precision);
    check(pass_run_all(m->graphs[0], NULL, NULL));
    check(plan_make(m, &plan));
    assert_int_equal(plan->weights_bytes, CASES[i / 2].bytes);
    run_tables(&a, m, plan);
    arena_free(&a);
  }
}

/* An encoder's table and a decoder's output layer, stored in two files, are one too. */
static void tables_are_tied_across_graphs(void **state) {
  (void)state;
  static const char source[] = "graph decode(x: f32[m, 96]) {\n"
                               "  w = const \"w\" : f32[96, 1000]\n"
                               "  y = linear x, w : f32[m, 1000]\n"
                               "  return y = y\n"
                               "}\n"
                               "graph encode(ids: i64[m]) {\n"
                               "  table = const \"table\" : f32[1000, 96]\n"
                               "  x = gather table, ids {axis = 0} : f32[m, 96]\n"
                               "  return x = x\n"
                               "}\n";
  static const struct {
    ir_precision precision;
    int64_t bytes; /* in panels of 16 columns; scales */
  } CASES[] = {{IR_PRECISION_F32, 1008 * 96 * 4},
               {IR_PRECISION_BF16, 1008 * 96 * 2},
               {IR_PRECISION_INT8, 1008 * 96 + 4032},
               {IR_PRECISION_INT4, 1008 * 96 / 2 + 1008 * 3 * 2 + 32}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    arena a = {0};
    ir_module *m;
    plan_module *plan;
    uint64_t seed = 3;
    check(ir_parse(&a, "case", source, sizeof source - 1, &m));
    float *table = random_floats(&a, 1000 * 96, &seed), *w = ARENA_ARRAY(&a, float, 1000 * 96);
    for (int64_t n = 0; n < 1000; n++)
      for (int64_t k = 0; k < 96; k++) w[k * 1000 + n] = table[n * 96 + k];
    ((ir_constant *)(uintptr_t)m->graphs[0]->first->attrs.constant)->data = w;
    ((ir_constant *)(uintptr_t)m->graphs[1]->first->attrs.constant)->data = table;
    m->precision = CASES[i].precision;
    ir_dim_set_maximum(m, ir_dim_symbol_at(m, 0), 8);
    for (int g = 0; g < 2; g++) check(pass_run_all(m->graphs[g], NULL, NULL));
    check(plan_make(m, &plan));
    assert_int_equal(plan->weights_bytes, CASES[i].bytes);
    arena_free(&a);
  }
}

/* Bytes with a scale for each row, read by two gathers that share them. */
static void other_tables_are_bytes(void **state) {
  (void)state;
  static const char source[] = "graph run(ids: i64[m]) {\n"
                               "  table = const \"table\" : f32[1000, 96]\n"
                               "  x = gather table, ids {axis = 0} : f32[m, 96]\n"
                               "  one = const {1} : i64[1]\n"
                               "  others = add ids, one : i64[m]\n"
                               "  y = gather table, others {axis = 0} : f32[m, 96]\n"
                               "  z = mul x, y : f32[m, 96]\n"
                               "  return z = z, x = x\n"
                               "}\n";
  static const ir_precision PRECISIONS[] = {IR_PRECISION_INT8, IR_PRECISION_INT4};
  for (size_t i = 0; i < sizeof PRECISIONS / sizeof *PRECISIONS; i++) {
    arena a = {0};
    ir_module *m;
    plan_module *plan;
    uint64_t seed = 9;
    check(ir_parse(&a, "case", source, sizeof source - 1, &m));
    ((ir_constant *)(uintptr_t)m->graphs[0]->first->attrs.constant)->data =
        random_floats(&a, 1000 * 96, &seed);
    m->precision = PRECISIONS[i];
    ir_dim_set_maximum(m, ir_dim_symbol_at(m, 0), 8);
    check(pass_run_all(m->graphs[0], NULL, NULL));
    check(plan_make(m, &plan));
    assert_int_equal(plan->weights_bytes, 1000 * 96 + 4032);
    run_tables(&a, m, plan);
    arena_free(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(f32_stays),
      cmocka_unit_test(bf16_loses_little),
      cmocka_unit_test(bf16_edges),
      cmocka_unit_test(deep_rows_apart_have_room),
      cmocka_unit_test(int8_loses_little),
      cmocka_unit_test(int8_edges),
      cmocka_unit_test(int4_loses_more),
      cmocka_unit_test(int4_edges),
      cmocka_unit_test(int4_is_small),
      cmocka_unit_test(tied_tables_stay_tied),
      cmocka_unit_test(other_tables_are_bytes),
      cmocka_unit_test(tables_are_tied_across_graphs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
