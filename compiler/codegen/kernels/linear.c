/*
 * linear.c: activation(x w + bias) + residual over a weight in panels, or
 * gated: activation(left half) * right half; x and w may be bytes with scales. One row streams the panels at
 * the speed of memory; many rows reuse them from the cache.
 */
#include "codegen/kernels/product.h"

enum { LINEAR_X, LINEAR_WEIGHT, LINEAR_BIAS, LINEAR_RESIDUAL, LINEAR_X_SCALE, LINEAR_WEIGHT_SCALE };

static void find_outlets(emitter *e, const plan_step *step, product *p) {
  for (int i = 0; i < step->read_count; i++) {
    const plan_operand *outlet = &step->reads[i];
    if (!outlet->is_outlet) continue;
    product_outlet *o = &p->outlets[p->outlet_count++];
    *o = (product_outlet){.rows = kernel_rows_of(e, step, i),
                          .head_stride = kernel_stride(e, outlet, 1),
                          .first_column = outlet->first_column};
    int64_t H = 1;
    ir_dim_is_const(outlet->value->type.dims[1], &H);
    ir_dim_is_const(outlet->value->type.dims[3], &o->head_dim);
    o->column_count = H * o->head_dim;
  }
}

static void multiply_in_vectors(emitter *e, product *p) {
  LLVMValueRef work, units = product_plan(e, p, &work);
  emit_claim claim = emit_claim_begin(e, units, work);
  product_units(e, p, claim.low, claim.high);
  emit_claim_end(e, &claim);
}

void kernel_linear(emitter *e, const plan_step *step) {
  const ir_attrs *attrs = &step->nodes[0]->attrs;
  const ir_value *x = step->reads[LINEAR_X].value, *result = step->result.value;
  kernel_rows residual, x_scale;
  product p = {
      .x = kernel_rows_of(e, step, LINEAR_X),
      .result = kernel_rows_of(e, step, step->read_count),
      .rows = kernel_row_count(e, result),
      .columns = kernel_dim(e, result, result->type.rank - 1),
      .depth = kernel_dim(e, x, x->type.rank - 1),
      .w = emit_argument(e, LINEAR_WEIGHT),
      .w_dtype = step->reads[LINEAR_WEIGHT].value->type.dtype,
      .together = plan_rows_together(step->reads[LINEAR_WEIGHT].view.layout),
      .gated = attrs->gated,
      .activation = attrs->activation,
      .apart = attrs->apart,
  };
  find_outlets(e, step, &p);
  if (kernel_read(step, LINEAR_BIAS)) {
    p.bias = emit_argument(e, LINEAR_BIAS);
    p.bias_dtype = step->reads[LINEAR_BIAS].value->type.dtype;
  }
  if (kernel_read(step, LINEAR_RESIDUAL)) {
    residual = kernel_rows_of(e, step, LINEAR_RESIDUAL);
    p.residual = &residual;
  }
  if (kernel_read(step, LINEAR_WEIGHT_SCALE)) {
    x_scale = kernel_rows_of(e, step, LINEAR_X_SCALE);
    p.x_scale = &x_scale;
    p.w_scale = emit_argument(e, LINEAR_WEIGHT_SCALE);
    p.w_scale_dtype = step->reads[LINEAR_WEIGHT_SCALE].value->type.dtype;
    p.grouped = step->reads[LINEAR_WEIGHT_SCALE].value->type.rank == 2;
  }
  if (p.apart || !tile_matrix_suits(e, &p)) {
    multiply_in_vectors(e, &p);
    return;
  }
  LLVMValueRef least_rows = emit_index(e, tile_matrix_least_rows());
  emit_branch many = emit_if(e, emit_icmp(e, LLVMIntSGE, p.rows, least_rows));
  tile_matrix_product(e, &p);
  emit_else(e, &many);
  p.most_rows = tile_matrix_least_rows() - 1;
  multiply_in_vectors(e, &p);
  emit_end_if(e, &many);
}
