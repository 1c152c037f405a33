/*
 * dims.c: sizes as postfix programs (image.h, smelt_dim_op): checked once when
 * a model is opened, evaluated on every call.
 */
#include "core/core.h"

static size_t operand_count(int64_t op) {
  return op == SMELT_DIM_CONST || op == SMELT_DIM_SYMBOL ? 1 : 0;
}

bool rt_dim_check(const int64_t *words, size_t word_count, uint32_t symbol_count) {
  int depth = 0;
  for (size_t i = 0; i < word_count; i++) {
    int64_t op = words[i];
    if (op == SMELT_DIM_END) return depth == 1;
    if (op < SMELT_DIM_END || op > SMELT_DIM_MAX) return false;
    if (operand_count(op)) {
      if (++i == word_count || ++depth > SMELT_DIM_STACK) return false;
      if (op == SMELT_DIM_SYMBOL && (words[i] < 0 || words[i] >= (int64_t)symbol_count)) return false;
    } else if (--depth < 1) {
      return false;
    }
  }
  return false;
}

static smelt_offset offset_of_axis(const rt_manifest *view, smelt_offset offsets, uint32_t axis) {
  const uint8_t *base = (const uint8_t *)view->header;
  return ((const smelt_offset *)(const void *)(base + offsets))[axis];
}

const int64_t *rt_dim_program(const rt_manifest *view, const smelt_manifest_tensor *tensor, uint32_t axis) {
  const uint8_t *base = (const uint8_t *)view->header;
  return (const int64_t *)(const void *)(base + offset_of_axis(view, tensor->dims, axis));
}

const char *rt_dim_text(const rt_manifest *view, const smelt_manifest_tensor *tensor, uint32_t axis) {
  return rt_manifest_text(view, offset_of_axis(view, tensor->dim_texts, axis));
}

int32_t rt_dim_lone_symbol(const int64_t *program) {
  bool lone = program[0] == SMELT_DIM_SYMBOL && program[2] == SMELT_DIM_END;
  return lone ? (int32_t)program[1] : SMELT_NONE;
}

bool rt_dim_constant(const int64_t *program, int64_t *value) {
  if (program[0] != SMELT_DIM_CONST || program[2] != SMELT_DIM_END) return false;
  *value = program[1];
  return true;
}

/* a op b for the two-operand ops; false where it has no 64-bit value. */
static bool apply(int64_t op, int64_t a, int64_t b, int64_t *value) {
  switch (op) {
  case SMELT_DIM_ADD:
    return !__builtin_add_overflow(a, b, value);
  case SMELT_DIM_MUL:
    return !__builtin_mul_overflow(a, b, value);
  case SMELT_DIM_MIN:
    *value = a < b ? a : b;
    return true;
  case SMELT_DIM_MAX:
    *value = a > b ? a : b;
    return true;
  default:
    break;
  }
  if (b == 0 || (a == INT64_MIN && b == -1)) return false;
  int64_t quotient = a / b, remainder = a % b;
  bool toward_zero =
      remainder != 0 && (remainder < 0) != (b < 0); /* C truncates, ONNX exporters mean floor */
  if (op == SMELT_DIM_DIV)
    *value = quotient - toward_zero;
  else
    *value = remainder + (toward_zero ? b : 0);
  return true;
}

bool rt_dim_value(const int64_t *program, const int64_t *symbols, int64_t *value) {
  int64_t stack[SMELT_DIM_STACK];
  int depth = 0;
  for (const int64_t *word = program; *word != SMELT_DIM_END; word++) {
    if (*word == SMELT_DIM_CONST) {
      stack[depth++] = *++word;
    } else if (*word == SMELT_DIM_SYMBOL) {
      stack[depth++] = symbols[*++word];
    } else {
      if (depth-- < 2) return false;
      if (!apply(*word, stack[depth - 1], stack[depth], &stack[depth - 1])) return false;
    }
  }
  if (depth < 1) return false;
  *value = stack[0];
  return true;
}
