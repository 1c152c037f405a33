/*
 * activation.c: activations in their spelled-out forms (Hendrycks and Gimpel
 * 2016 for gelu, its tanh form and its quick form; Elfwing et al. 2017 for silu).
 *
 *   d = div x, 1.4142135
 *   e = erf d
 *   a = add e, 1
 *   h = mul x, a
 *   y = mul h, 0.5              ->    y = gelu x
 *
 *   s = sigmoid x
 *   y = mul x, s                ->    y = silu x;   quick_gelu x, where s = sigmoid (mul x, 1.702)
 *
 * Exporters multiply in any order, so products are read as a set of factors.
 */
#include "pass/rewrite.h"

#include <math.h>

enum { MAX_FACTORS = 4 };

/* constant * factors[0] * ... */
typedef struct {
  double constant;
  const ir_value *factors[MAX_FACTORS];
  int count;
} factor_list;

static bool is_near(double x, double y) {
  return fabs(x - y) <= 1e-5 * fabs(y);
}

/* Reads v, and the multiplications and constant divisions below it that nothing else reads. */
static bool read_factors(const ir_value *v, factor_list *list, bool is_root) {
  double constant;
  const ir_node *n = v->def;
  if (ir_value_scalar(v, &constant)) {
    list->constant *= constant;
    return true;
  }
  bool is_open = n && (is_root || v->use_count == 1);
  if (is_open && n->op == IR_MUL) {
    return read_factors(n->operands[0], list, false) && read_factors(n->operands[1], list, false);
  }
  if (is_open && n->op == IR_DIV && ir_value_scalar(n->operands[1], &constant) && constant != 0) {
    list->constant /= constant;
    return read_factors(n->operands[0], list, false);
  }
  if (list->count == MAX_FACTORS) return false;
  list->factors[list->count++] = v;
  return true;
}

static bool factors_of(const ir_value *v, factor_list *list) {
  *list = (factor_list){.constant = 1};
  return read_factors(v, list, true);
}

/* Whether v = constant * x^count, spelled as products of x and of x * x. */
static bool is_power(const ir_value *v, const ir_value *x, int count, double constant) {
  factor_list list;
  if (!factors_of(v, &list) || !is_near(list.constant, constant)) return false;
  int found = 0;
  for (int i = 0; i < list.count; i++) {
    const ir_node *square = ir_def(list.factors[i], IR_MUL);
    bool is_square = square && square->operands[0] == x && square->operands[1] == x;
    if (list.factors[i] != x && !is_square) return false;
    found += is_square ? 2 : 1;
  }
  return found == count;
}

/* v = add y, 1: y, else NULL. */
static const ir_value *one_plus(const ir_value *v) {
  const ir_node *sum = ir_def(v, IR_ADD);
  return sum && rewrite_is_filled(sum->operands[1], 1) ? sum->operands[0] : NULL;
}

/* v = sqrt(2/pi) * (x + 0.044715 x^3), or the same with x factored out. */
static bool is_tanh_argument(const ir_value *v, const ir_value *x) {
  static const double root = 0.79788456080286535588, cubic = 0.044715;
  factor_list list;
  if (!factors_of(v, &list) || !is_near(list.constant, root)) return false;
  for (int i = 0; i < list.count; i++) {
    const ir_node *sum = ir_def(list.factors[i], IR_ADD);
    if (list.count == 1 && sum) {
      return (sum->operands[0] == x && is_power(sum->operands[1], x, 3, cubic)) ||
             (sum->operands[1] == x && is_power(sum->operands[0], x, 3, cubic));
    }
    const ir_value *quadratic = one_plus(list.factors[i]);
    if (list.count == 2 && list.factors[1 - i] == x && quadratic) return is_power(quadratic, x, 2, cubic);
  }
  return false;
}

/* The activation that is x * gate * constant; IR_IDENTITY if there is none. */
static ir_op gated_by(const ir_value *x, const ir_value *gate, double constant) {
  const ir_value *inner = one_plus(gate);
  const ir_node *erf = ir_def(inner, IR_ERF), *tanh = ir_def(inner, IR_TANH),
                *sigmoid = ir_def(gate, IR_SIGMOID);
  if (sigmoid && sigmoid->operands[0] == x && constant == 1) return IR_SILU;
  if (sigmoid && constant == 1 && is_power(sigmoid->operands[0], x, 1, 1.702)) return IR_QUICK_GELU;
  if (!is_near(constant, 0.5)) return IR_IDENTITY;
  if (erf && is_power(erf->operands[0], x, 1, 0.70710678118654752440)) return IR_GELU;
  return tanh && is_tanh_argument(tanh->operands[0], x) ? IR_GELU_TANH : IR_IDENTITY;
}

static ir_value *product(ir_builder *b, ir_node *n) {
  factor_list list;
  if (!ir_dtype_is_float(n->result->type.dtype) || !factors_of(n->result, &list) || list.count != 2)
    return NULL;
  for (int i = 0; i < 2; i++) {
    ir_op op = gated_by(list.factors[i], list.factors[1 - i], list.constant);
    ir_value *x = (ir_value *)(uintptr_t)list.factors[i];
    if (op != IR_IDENTITY && rewrite_same_dims(b->graph->module, &x->type, &n->result->type))
      return ir_unary(b, op, x);
  }
  return NULL;
}

/* reciprocal (add (exp (neg x)), 1)  ->  sigmoid x */
static ir_value *sigmoid(ir_builder *b, ir_node *n) {
  ir_node *power = ir_def(one_plus(n->operands[0]), IR_EXP);
  ir_node *neg = power ? ir_def(power->operands[0], IR_NEG) : NULL;
  return neg ? ir_unary(b, IR_SIGMOID, neg->operands[0]) : NULL;
}

/* div x, (add (exp (neg x)), 1)  ->  silu x */
static ir_value *divided(ir_builder *b, ir_node *n) {
  ir_node *power = ir_def(one_plus(n->operands[1]), IR_EXP);
  ir_node *neg = power ? ir_def(power->operands[0], IR_NEG) : NULL;
  return neg && neg->operands[0] == n->operands[0] ? ir_unary(b, IR_SILU, n->operands[0]) : NULL;
}

bool pass_activation(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_RECIPROCAL, sigmoid}, {IR_DIV, divided}, {IR_MUL, product}};
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
