/* type.c: dtypes and tensor types. */
#include "ir/ir.h"

#include <string.h>

static const struct {
  const char *name;
  size_t bytes;
} dtype_table[SMELT_DTYPE_COUNT] = {
#define X(NAME, value, text, bytes) [value] = {text, bytes},
    SMELT_DTYPES(X)
#undef X
};

const char *ir_dtype_name(ir_dtype dtype) {
  return dtype_table[dtype].name;
}
size_t ir_dtype_bytes(ir_dtype dtype) {
  return dtype_table[dtype].bytes;
}

bool ir_dtype_named(const char *name, size_t length, ir_dtype *dtype) {
  for (int i = 0; i < SMELT_DTYPE_COUNT; i++) {
    if (strlen(dtype_table[i].name) == length && memcmp(dtype_table[i].name, name, length) == 0) {
      *dtype = (ir_dtype)i;
      return true;
    }
  }
  return false;
}

bool ir_dtype_is_float(ir_dtype dtype) {
  return dtype <= SMELT_F64;
}
bool ir_dtype_is_integer(ir_dtype dtype) {
  return dtype >= SMELT_I8 && dtype <= SMELT_U64;
}
bool ir_dtype_is_signed(ir_dtype dtype) {
  return dtype <= SMELT_I64;
}

ir_dim ir_type_element_count(ir_module *m, const ir_type *type) {
  ir_dim count = ir_dim_const(m, 1);
  for (int i = 0; i < type->rank; i++) count = ir_dim_mul(m, count, type->dims[i]);
  return count;
}

bool ir_type_is_static(const ir_type *type, int64_t *count) {
  int64_t product = 1;
  for (int i = 0; i < type->rank; i++) {
    int64_t size;
    if (!ir_dim_is_const(type->dims[i], &size) || __builtin_mul_overflow(product, size, &product))
      return false;
  }
  if (count) *count = product;
  return true;
}

void ir_type_print(text *t, const ir_type *type) {
  text_print(t, "%s[", ir_dtype_name(type->dtype));
  for (int i = 0; i < type->rank; i++) {
    if (i) text_print(t, ", ");
    ir_dim_print(t, type->dims[i]);
  }
  text_print(t, "]");
}

const char *ir_precision_name(ir_precision precision) {
  static const char *const names[] = {
#define X(NAME, text) text,
      IR_PRECISIONS(X)
#undef X
  };
  return names[precision];
}
