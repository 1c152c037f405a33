/* names.h: a table from a name to what a graph knows under it. Private to compiler/onnx. */
#ifndef SMELT_ONNX_NAMES_H
#define SMELT_ONNX_NAMES_H

#include "ir/ir.h"

struct Onnx__NodeProto;
struct Onnx__TensorProto;

/* What an ONNX name stands for; which fields are filled depends on the table. */
typedef struct {
  const char *name;
  ir_value *value;                             /* once imported */
  const struct Onnx__TensorProto *initializer; /* not yet imported */
  const ir_constant *constant;
  size_t producer; /* index + 1 of the node (or function) that makes it; 0: none */
} onnx_name;

/* Open addressing over entries in the arena. Zero-initialise. */
typedef struct {
  onnx_name **slots;
  size_t slot_count, count;
} onnx_names;

onnx_name *onnx_names_find(const onnx_names *names, const char *name); /* NULL: not there */
/* The entry of `name`, made (with all fields zero) if it is not there. The name is not copied. */
onnx_name *onnx_names_add(arena *a, onnx_names *names, const char *name, bool *was_there);

#endif
