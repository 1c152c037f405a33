/*
 * product.h: a whole matrix product with what follows it, cut into units of
 * work: blocks of rows times groups of columns. linear.c and matmul.c describe
 * theirs and share units over threads; a sum over K is never split.
 */
#ifndef SMELT_PRODUCT_H
#define SMELT_PRODUCT_H

#include "codegen/kernels/kernel.h"
#include "codegen/kernels/tile.h"

/* Heads of the result that lie elsewhere (plan_operand.is_outlet). */
typedef struct {
  kernel_rows rows; /* of the first head */
  LLVMValueRef head_stride;
  int64_t first_column, column_count, head_dim;
} product_outlet;

typedef struct {
  kernel_rows x, result; /* [rows, depth], [rows, columns] */
  product_outlet outlets[PLAN_MAX_OUTLETS];
  int outlet_count;
  LLVMValueRef rows, columns, depth; /* M, N, K */
  int most_rows;                     /* that `rows` can be; 0: any number */
  bool apart; /* rows are few, and each is added up in the order in which it is alone */
  /* w: [K, N], or gated [K, 2 N] */
  LLVMValueRef w, w_stride; /* w_stride: between rows; NULL: w is in panels, padded to whole ones */
  ir_dtype w_dtype;
  int together; /* of w in panels: how many rows lie together (plan.h) */
  bool gated;   /* result = activation(left half) * right half */
  ir_op activation;
  LLVMValueRef bias; /* [N] or gated [2 N], or NULL */
  ir_dtype bias_dtype;
  /* x and w of i8: what the sums of a row and of a column are multiplied by, else NULL; both f32 */
  const kernel_rows *x_scale;
  LLVMValueRef w_scale;
  bool grouped; /* w is in nibbles, w_scale in panels [K / IR_GROUP, N] of w_scale_dtype */
  ir_dtype w_scale_dtype;
  const kernel_rows *residual; /* added last, or NULL; may be the result's own memory */
  /* filled by product_plan */
  ir_dtype dtype;
  int tile_rows, vectors, lanes, tile_columns;
  bool splits_depth; /* K is taken in blocks, with sums waiting in the result */
  LLVMValueRef row_blocks, block_rows, groups, group_tiles, depth_blocks, block_depth;
  /* stack: x of a block of rows and of K as near_dtype, [..][block_depth]; NULL: x as it is */
  LLVMValueRef near_x;
  ir_dtype near_dtype;
  LLVMValueRef x_excess;     /* stack: of each row of a block, what tile.h says of it; NULL: nothing */
  LLVMValueRef row_excesses; /* numbers of a row in it: 1, or of groups */
  LLVMValueRef sums;         /* stack: [tile_rows][vectors] vectors, handed from tile to epilogue */
} product;

/* Chooses tile and blocks. Returns the number of units; *unit_work is for emit_claim_begin. */
LLVMValueRef product_plan(emitter *e, product *p, LLVMValueRef *unit_work);
/* Units [low, high): those of one block of rows lie together, so that x is brought near once for all of them.
 */
void product_units(emitter *e, const product *p, LLVMValueRef low, LLVMValueRef high);

/* ---- tile_matrix.c: bf16 and bytes on matrix tiles, where the level and the shape allow ---- */

bool tile_matrix_suits(const emitter *e, const product *p);
/* The rows from which on it is faster than product_units. */
int tile_matrix_least_rows(void);
/* The whole product, this thread's share of it. */
void tile_matrix_product(emitter *e, const product *p);

/* What follows the sums of one tile (epilogue.c): `height` rows from `row`, columns from `column`. */
typedef struct {
  LLVMValueRef row, column, height;
  LLVMValueRef first, last; /* i1: whether this is the first and the last block of K */
  kernel_rows result;       /* product_result_at(column) */
} product_place;
/* The result's rows from `column` on, where a tile begins: those of an outlet, or its own. */
kernel_rows product_result_at(emitter *e, const product *p, LLVMValueRef column);
void product_epilogue(emitter *e, const product *p, const product_place *at); /* sums in p->sums */
/* The same for sums in registers: [height][vectors]; at->height is not looked at. */
void product_epilogue_tile(emitter *e, const product *p, const product_place *at, int height,
                           const LLVMValueRef *sums);

#endif
