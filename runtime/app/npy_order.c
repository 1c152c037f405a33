/* npy_order.c: arrays whose columns come first (Fortran order), or whose numbers have the highest byte first.
 */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

static void swap_bytes(uint8_t *numbers, size_t count, size_t bytes) {
  for (uint8_t *at = numbers; count > 0; count--, at += bytes) {
    for (size_t i = 0; i < bytes / 2; i++) {
      uint8_t byte = at[i];
      at[i] = at[bytes - 1 - i];
      at[bytes - 1 - i] = byte;
    }
  }
}

/* Where the element lies whose indices are at[rank], the first axis being the one that runs fastest. */
static size_t place_of(const smelt_tensor *t, const int64_t *at) {
  size_t place = 0;
  for (int32_t axis = t->rank; axis-- > 0;) place = place * (size_t)t->dims[axis] + (size_t)at[axis];
  return place;
}

static bool put_rows_first(smelt_tensor *t, size_t count, size_t bytes) {
  int64_t at[SMELT_MAX_RANK] = {0};
  uint8_t *made = malloc(count * bytes + 1);
  if (!made) return false;
  for (size_t i = 0; i < count; i++) {
    memcpy(made + i * bytes, (const uint8_t *)t->data + place_of(t, at) * bytes, bytes);
    for (int32_t axis = t->rank - 1; axis >= 0 && ++at[axis] == t->dims[axis]; axis--) at[axis] = 0;
  }
  free(t->data);
  t->data = made;
  return true;
}

bool npy_put_in_order(smelt_tensor *tensor, npy_order order) {
  size_t bytes = rt_dtype_bytes((uint32_t)tensor->dtype), count = 1;
  for (int32_t axis = 0; axis < tensor->rank; axis++) count *= (size_t)tensor->dims[axis];
  if (order.is_big) swap_bytes(tensor->data, count, bytes);
  return !order.is_fortran || put_rows_first(tensor, count, bytes);
}
