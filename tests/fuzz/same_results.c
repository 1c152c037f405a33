/* same_results.c: the oracle against wrong rewrites: a graph computes the same before and after the passes.
 */
#include "fuzz.h"
#include "ir/element.h"

#include <math.h>

enum {
  LARGEST_SIZE = 3,           /* of a symbol, beyond its minimum */
  MAX_ELEMENTS = 1 << 13,     /* of one value */
  MAX_WORK = 1 << 20,         /* operand elements read, in all */
  PERTURBATIONS = 4,          /* tries to see whether results depend on the inputs' last digits */
  STEPS_PER_UNIT = 8,         /* inputs are multiples of 1/8: sums and products are mostly exact */
  STEPS = 4 * STEPS_PER_UNIT, /* from -2 to 2 */
};

typedef struct {
  arena memory;
  ir_graph *before, *after;
  uint64_t state;   /* of the random numbers */
  int64_t *symbols; /* by index */
  double tolerance; /* relative */
  ir_tensor *inputs, *states;
} comparison;

static uint32_t random_bits(comparison *c) {
  c->state = c->state * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
  return (uint32_t)(c->state >> 33);
}

/* ---- sizes ---- */

/* Free symbols get small sizes, bound ones what follows from these. */
static void choose_sizes(comparison *c) {
  ir_module *m = c->before->module;
  size_t count = ir_dim_symbol_count(m);
  c->symbols = ARENA_ARRAY(&c->memory, int64_t, count);
  for (size_t i = 0; i < count; i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i);
    int64_t size = ir_dim_minimum(m, symbol) + random_bits(c) % (LARGEST_SIZE + 1);
    c->symbols[i] = size < ir_dim_maximum(m, symbol) ? size : ir_dim_maximum(m, symbol);
  }
  for (size_t i = 0; i < count; i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i), bound = ir_dim_resolve(m, symbol);
    if (bound != symbol) c->symbols[i] = ir_dim_evaluate(bound, c->symbols);
  }
}

/* Elements of a value; -1: too many to evaluate, or negative sizes. */
static int64_t element_count(const comparison *c, const ir_type *type) {
  int64_t count = 1;
  for (int i = 0; i < type->rank; i++) {
    int64_t size = ir_dim_evaluate(ir_dim_resolve(c->before->module, type->dims[i]), c->symbols);
    if (size < 0 || size > MAX_ELEMENTS) return -1;
    count *= size;
    if (count > MAX_ELEMENTS) return -1;
  }
  return count;
}

/* A bound on the elements a node reads: dedicated operators read operands once per result. */
static int64_t node_work(const comparison *c, const ir_node *n) {
  bool dedicated = ir_op_describe(n->op)->op_class == IR_CLASS_DEDICATED;
  int64_t results = element_count(c, &n->result->type), work = results;
  if (results < 0) return MAX_WORK;
  for (int i = 0; i < n->operand_count; i++) {
    int64_t count = n->operands[i] ? element_count(c, &n->operands[i]->type) : 0;
    if (count < 0) return MAX_WORK;
    work += dedicated ? count * results : count;
  }
  return work;
}

static bool is_small(const comparison *c, const ir_graph *g) {
  int64_t work = 0;
  for (size_t i = 0; i < g->input_count; i++) {
    if (element_count(c, &g->inputs[i]->type) < 0) return false;
  }
  for (const ir_node *n = g->first; n && work < MAX_WORK; n = n->next) work += node_work(c, n);
  return work < MAX_WORK;
}

/* ---- inputs ---- */

static ir_tensor random_tensor(comparison *c, const ir_type *type) {
  ir_tensor t = {.dtype = type->dtype, .rank = type->rank};
  for (int i = 0; i < type->rank; i++) {
    t.dims[i] = ir_dim_evaluate(ir_dim_resolve(c->before->module, type->dims[i]), c->symbols);
  }
  int64_t count = ir_tensor_count(&t);
  t.data = arena_array(&c->memory, (size_t)count, ir_dtype_bytes(t.dtype));
  for (int64_t i = 0; i < count; i++) {
    double x = (double)(random_bits(c) % (STEPS + 1)) / STEPS_PER_UNIT - 2;
    /* Integers are often indices. */
    element_set_double(t.dtype, t.data, i, ir_dtype_is_float(t.dtype) ? x : (double)(random_bits(c) % 3));
  }
  return t;
}

static ir_tensor copy_tensor(comparison *c, const ir_tensor *t) {
  ir_tensor copy = *t;
  copy.data = arena_copy(&c->memory, t->data, (size_t)ir_tensor_count(t) * ir_dtype_bytes(t->dtype));
  return copy;
}

/* The tensors with the floats' last digits changed. */
static ir_tensor *perturbed(comparison *c, const ir_tensor *tensors, size_t count) {
  ir_tensor *result = ARENA_ARRAY(&c->memory, ir_tensor, count);
  for (size_t i = 0; i < count; i++) {
    result[i] = copy_tensor(c, &tensors[i]);
    for (int64_t k = 0; ir_dtype_is_float(tensors[i].dtype) && k < ir_tensor_count(&tensors[i]); k++) {
      double x = element_double(tensors[i].dtype, tensors[i].data, k);
      double change = c->tolerance / 100 * (random_bits(c) % 2 ? 1 : -1);
      element_set_double(tensors[i].dtype, result[i].data, k, x + change * (1 + fabs(x)));
    }
  }
  return result;
}

static bool make_inputs(comparison *c) {
  ir_module *m = c->before->module;
  c->inputs = ARENA_ARRAY(&c->memory, ir_tensor, c->before->input_count);
  for (size_t i = 0; i < c->before->input_count; i++)
    c->inputs[i] = random_tensor(c, &c->before->inputs[i]->type);
  c->states = ARENA_ARRAY(&c->memory, ir_tensor, m->state_count);
  for (size_t i = 0; i < m->state_count; i++) {
    if (element_count(c, &m->states[i].type) < 0) return false;
    c->states[i] = random_tensor(c, &m->states[i].type);
  }
  return true;
}

/* States are written to, so each run gets its own. */
static status run(comparison *c, ir_graph *g, const ir_tensor *inputs, ir_tensor **outputs) {
  size_t state_count = g->module->state_count;
  ir_tensor *states = ARENA_ARRAY(&c->memory, ir_tensor, state_count);
  for (size_t i = 0; i < state_count; i++) states[i] = copy_tensor(c, &c->states[i]);
  *outputs = ARENA_ARRAY(&c->memory, ir_tensor, g->output_count);
  return ir_evaluate(&c->memory, g, inputs, states, *outputs);
}

/* ---- comparison ---- */

static double largest_magnitude(const ir_tensor *t) {
  double largest = 0;
  for (int64_t i = 0; i < ir_tensor_count(t); i++) {
    double x = fabs(element_double(t->dtype, t->data, i));
    if (isfinite(x) && x > largest) largest = x;
  }
  return largest;
}

/* Whether the tensors differ by more than `tolerance` of the largest element; NaN and infinity equal
 * anything. */
static bool differ(const ir_tensor *x, const ir_tensor *y, double tolerance) {
  if (x->dtype != y->dtype || x->rank != y->rank) return true;
  for (int i = 0; i < x->rank; i++) {
    if (x->dims[i] != y->dims[i]) return true;
  }
  double allowed = tolerance * (1 + largest_magnitude(x));
  for (int64_t i = 0; i < ir_tensor_count(x); i++) {
    if (!ir_dtype_is_float(x->dtype)) {
      if (element_integer(x->dtype, x->data, i) != element_integer(y->dtype, y->data, i)) return true;
      continue;
    }
    double a = element_double(x->dtype, x->data, i), b = element_double(y->dtype, y->data, i);
    if (isfinite(a) && isfinite(b) && fabs(a - b) > allowed) return true;
  }
  return false;
}

/*
 * Whether a constant swallows what is added to it, as -1e9 in a mask does: where all of a row is hidden,
 * rounding decides which of its elements are left, and fused operators round less.
 */
static bool has_absorbing_constant(const ir_graph *g) {
  const double absorbing = 1e4;
  for (const ir_node *n = g->first; n; n = n->next) {
    int64_t count = 0;
    const void *data = ir_dtype_is_float(n->result->type.dtype) ? ir_value_data(n->result) : NULL;
    if (data) ir_type_is_static(&n->result->type, &count);
    for (int64_t i = 0; i < count; i++) {
      double x = fabs(element_double(n->result->type.dtype, data, i));
      if (x >= absorbing && isfinite(x)) return true;
    }
  }
  return false;
}

/* Whether output `index` of `before` changes when its inputs do so a little: rounding decides it. */
static bool is_unstable(comparison *c, size_t index, const ir_tensor *result) {
  for (int i = 0; i < PERTURBATIONS; i++) {
    ir_tensor *outputs, *inputs = perturbed(c, c->inputs, c->before->input_count);
    if (run(c, c->before, inputs, &outputs)) return true;
    if (differ(result, &outputs[index], c->tolerance / 2)) return true;
  }
  return false;
}

static void print_tensor(const char *what, const char *name, const ir_tensor *t) {
  int64_t count = ir_tensor_count(t);
  fprintf(stderr, "%s %s:", what, name);
  for (int64_t i = 0; i < count && i < 32; i++)
    fprintf(stderr, " %.9g", element_double(t->dtype, t->data, i));
  fprintf(stderr, "\n");
}

static void compare_outputs(comparison *c, const ir_tensor *expected, const ir_tensor *found) {
  for (size_t i = 0; i < c->before->output_count; i++) {
    if (!differ(&expected[i], &found[i], c->tolerance)) continue;
    if (has_absorbing_constant(c->before) || is_unstable(c, i, &expected[i])) continue;
    text t = {0};
    ir_print(&t, c->before);
    fprintf(stderr, "%s", t.bytes);
    text_free(&t);
    for (size_t k = 0; k < c->before->input_count; k++)
      print_tensor("input", c->before->inputs[k]->name, &c->inputs[k]);
    print_tensor("before", c->before->outputs[i].name, &expected[i]);
    print_tensor("after ", c->before->outputs[i].name, &found[i]);
    fuzz_finding("the passes changed a result", OK, c->after);
  }
}

/* By the narrowest float among the values. */
static double tolerance_of(const ir_graph *g) {
  double tolerance = 1e-3;
  for (const ir_node *n = g->first; n; n = n->next) {
    ir_dtype dtype = n->result->type.dtype;
    if (dtype == SMELT_F16 || dtype == SMELT_BF16) tolerance = 5e-2;
  }
  return tolerance;
}

bool fuzz_has_no_results(ir_graph *g, uint64_t seed) {
  enum { TRIES = 8 };
  bool refused = true;
  for (int i = 0; i < TRIES && refused; i++) {
    comparison c = {.before = g, .state = seed + (uint64_t)i};
    ir_tensor *outputs;
    choose_sizes(&c);
    refused = is_small(&c, g) && make_inputs(&c) && run(&c, g, c.inputs, &outputs);
    arena_free(&c.memory);
  }
  return refused;
}

void fuzz_same_results(ir_graph *before, ir_graph *after, uint64_t seed) {
  comparison c = {.before = before, .after = after, .state = seed, .tolerance = tolerance_of(before)};
  ir_tensor *expected, *found;
  choose_sizes(&c);
  if (is_small(&c, before) && is_small(&c, after) && make_inputs(&c) &&
      !run(&c, before, c.inputs, &expected)) {
    status s = run(&c, after, c.inputs, &found);
    if (s) {
      ir_module *m = before->module;
      for (size_t i = 0; i < ir_dim_symbol_count(m); i++) {
        fprintf(stderr, "%s = %lld\n", ir_dim_symbol_name(ir_dim_symbol_at(m, i)), (long long)c.symbols[i]);
      }
      text t = {0};
      ir_print(&t, before);
      fprintf(stderr, "%s", t.bytes);
      text_free(&t);
      fuzz_finding("the graph has no results after the passes", s, after);
    }
    compare_outputs(&c, expected, found);
  }
  arena_free(&c.memory);
}
