/*
 * activation.h: activation functions by name, as operators are called and as
 * the attribute `activations` of recurrent ones names them. Private to
 * compiler/onnx.
 */
#ifndef SMELT_ONNX_ACTIVATION_H
#define SMELT_ONNX_ACTIVATION_H

#include "onnx/import.h"

/* f(x) with up to two parameters. */
typedef ir_value *onnx_formula(onnx_context *c, ir_value *x, double alpha, double beta);

typedef struct {
  const char *name;
  onnx_formula *formula;
  int parameters;     /* how many of alpha and beta it has */
  double alpha, beta; /* where they are not given */
} onnx_activation;

/* NULL for an unknown name; upper and lower case are the same. */
const onnx_activation *onnx_find_activation(const char *name);

#endif
