/*
 * check_compare.c: when two tensors are the same answer. The ONNX backend runner (onnx/backend/test/runner)
 * allows 1e-3 relative and 1e-7 absolute. That absolute bound is below what f32 sums around 1 can hold where
 * terms cancel in another order, so 2e-6 stands here; narrow floats get their own half unit in the last
 * place, several times.
 */
#include "driver/check.h"

#include <math.h>

#include "ir/element.h"

typedef struct {
  double relative, absolute;
} tolerance;

static tolerance tolerance_of(ir_dtype dtype) {
  switch (dtype) {
  case SMELT_F16:
    return (tolerance){1e-2, 1e-3};
  case SMELT_BF16:
    return (tolerance){2e-2, 1e-2};
  case SMELT_F32:
    return (tolerance){1e-3, 2e-6};
  case SMELT_F64:
    return (tolerance){1e-3, 1e-7};
  default:
    return (tolerance){0, 0};
  }
}

static bool is_close(tolerance t, double wanted, double found) {
  if (isnan(wanted) || isnan(found)) return isnan(wanted) && isnan(found);
  if (isinf(wanted) || isinf(found)) return wanted == found;
  return fabs(wanted - found) <= t.absolute + t.relative * fabs(wanted);
}

static status compare_types(arena *a, const ir_tensor *wanted, const ir_tensor *found) {
  if (wanted->dtype != found->dtype) {
    return fail(a, STATUS_DEFECT, "wrong dtype (%s, not %s)", ir_dtype_name(found->dtype),
                ir_dtype_name(wanted->dtype));
  }
  if (wanted->rank != found->rank) {
    return fail(a, STATUS_DEFECT, "wrong shape (rank %d, not %d)", found->rank, wanted->rank);
  }
  for (int i = 0; i < wanted->rank; i++) {
    if (wanted->dims[i] == found->dims[i]) continue;
    return fail(a, STATUS_DEFECT, "wrong shape (axis %d has size %lld, not %lld)", i,
                (long long)found->dims[i], (long long)wanted->dims[i]);
  }
  return OK;
}

static bool same_element(tolerance t, const ir_tensor *wanted, const ir_tensor *found, int64_t i) {
  if (!ir_dtype_is_float(wanted->dtype)) {
    return element_integer(wanted->dtype, wanted->data, i) == element_integer(found->dtype, found->data, i);
  }
  return is_close(t, element_double(wanted->dtype, wanted->data, i),
                  element_double(found->dtype, found->data, i));
}

status check_compare(arena *a, const ir_tensor *wanted, const ir_tensor *found) {
  TRY(compare_types(a, wanted, found));
  tolerance t = tolerance_of(wanted->dtype);
  int64_t count = ir_tensor_count(wanted), wrong = 0, first = 0;
  for (int64_t i = 0; i < count; i++) {
    if (same_element(t, wanted, found, i)) continue;
    if (!wrong++) first = i;
  }
  if (!wrong) return OK;
  return fail(a, STATUS_DEFECT, "wrong values (%lld of %lld; element %lld is %.9g, not %.9g)",
              (long long)wrong, (long long)count, (long long)first,
              element_double(found->dtype, found->data, first),
              element_double(wanted->dtype, wanted->data, first));
}

double check_difference(const ir_tensor *wanted, const ir_tensor *found) {
  double largest = 0;
  int64_t count = ir_tensor_count(wanted);
  for (int64_t i = 0; i < count; i++) {
    double gap =
        fabs(element_double(wanted->dtype, wanted->data, i) - element_double(found->dtype, found->data, i));
    if (gap > largest && isfinite(gap)) largest = gap;
  }
  return largest;
}
