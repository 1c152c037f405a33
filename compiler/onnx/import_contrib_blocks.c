/*
 * import_contrib_blocks.c: com.microsoft's weights of 2, 4 or 8 bits with a scale and a zero point per block
 * (ONNX Runtime docs/ContribOperators.md: MatMulNBits, GatherBlockQuantized). A weight is (code - zero_point)
 * * scale in floats; codes are packed in bytes, the first in the low bits.
 */
#include "onnx/encoding.h"
#include "onnx/quantisation.h"

#include "ir/element.h"

static bool are_bits(onnx_context *c, int64_t bits) {
  if (bits == 2 || bits == 4 || bits == 8) return true;
  onnx_fail(c, "its bits must be 2, 4 or 8, not %lld", (long long)bits);
  return false;
}

/* ---- MatMulNBits: dequantised at build time ---- */

/* B: [N, blocks, block * bits / 8]; scales and zero points: N rows of one per block. */
typedef struct {
  int64_t K, N, bits, block, blocks;
  const uint8_t *codes;
  const void *scales, *zero_points; /* zero_points NULL: the middle code */
  const int64_t *block_of;          /* of the K codes; NULL: in order */
  ir_dtype dtype, zero_dtype; /* of scales; of zero points, u8: packed, each row from a byte of its own */
} block_weight;

static int64_t ceil_divided(int64_t x, int64_t step) {
  return (x + step - 1) / step;
}

static unsigned packed_code(const uint8_t *bytes, int64_t index, int64_t bits) {
  return bytes[index * bits / 8] >> index * bits % 8 & ((1u << bits) - 1);
}

/* The elements of constant input `index`, which are `count` of dtype (floats: any); NULL and a failure else.
 */
static const void *constant_elements(onnx_context *c, int index, const char *what, int64_t count) {
  const ir_value *v = c->in[index];
  const void *data = ir_value_data(v);
  int64_t elements;
  if (!data || !ir_type_is_static(&v->type, &elements)) {
    onnx_fail(c, "its %s (input %d) must be constants", what, index);
    return NULL;
  }
  if (elements == count) return data;
  onnx_fail(c, "its %s (input %d) are %lld elements, not %lld", what, index, (long long)elements,
            (long long)count);
  return NULL;
}

static bool read_sizes(onnx_context *c, block_weight *w) {
  enum { LARGEST = 1 << 24 };
  *w = (block_weight){.K = onnx_attr_int(c, "K", 0),
                      .N = onnx_attr_int(c, "N", 0),
                      .bits = onnx_attr_int(c, "bits", 4),
                      .block = onnx_attr_int(c, "block_size", 0)};
  if (onnx_failed(c) || !are_bits(c, w->bits)) return false;
  bool is_sound = w->K > 0 && w->N > 0 && w->block >= 8 && w->K <= LARGEST && w->N <= LARGEST &&
                  w->block <= LARGEST && (w->block & (w->block - 1)) == 0;
  if (!is_sound) onnx_fail(c, "its K, N and block_size must be sizes, block_size a power of two from 8 on");
  if (is_sound) w->blocks = ceil_divided(w->K, w->block);
  return is_sound;
}

static bool read_weight(onnx_context *c, block_weight *w) {
  if (!read_sizes(c, w)) return false;
  if (c->in[1]->type.dtype != SMELT_U8 || !onnx_is_float(c->in[2])) {
    onnx_fail(c, "its weights must be packed in u8 and its scales floats");
    return false;
  }
  w->dtype = c->in[2]->type.dtype;
  w->codes = constant_elements(c, 1, "weights", w->N * w->blocks * (w->block * w->bits / 8));
  w->scales = w->codes ? constant_elements(c, 2, "scales", w->N * w->blocks) : NULL;
  return w->scales != NULL;
}

static bool read_zero_points(onnx_context *c, block_weight *w) {
  if (!c->in[3]) return true;
  w->zero_dtype = c->in[3]->type.dtype;
  if (w->zero_dtype != SMELT_U8 && !onnx_is_float(c->in[3])) {
    onnx_fail(c, "its zero points must be packed in u8, or floats");
    return false;
  }
  int64_t per_row = w->zero_dtype == SMELT_U8 ? ceil_divided(w->blocks * w->bits, 8) : w->blocks;
  w->zero_points = constant_elements(c, 3, "zero points", w->N * per_row);
  return w->zero_points != NULL;
}

/* g_idx: the block whose scale and zero point each of the K codes of a row has. */
static bool read_block_order(onnx_context *c, block_weight *w) {
  int64_t *order, most = 0, least = 0;
  int count;
  if (!c->in[4]) return true;
  if (w->zero_points) { /* ONNX Runtime's CPU kernel then takes the middle code for all zero points */
    onnx_fail(c, "zero points with g_idx are not supported");
    return false;
  }
  if (!onnx_integers(c, 4, "g_idx", &order, &count)) return false;
  for (int k = 0; k < count; k++) {
    if (order[k] > most) most = order[k];
    if (order[k] < least) least = order[k];
  }
  bool is_sound = count >= w->K && least >= 0 && most < w->blocks;
  if (!is_sound) onnx_fail(c, "its g_idx must name a block for each of %lld codes", (long long)w->K);
  w->block_of = order;
  return is_sound;
}

static float zero_point(const block_weight *w, int64_t n, int64_t block) {
  if (!w->zero_points) return (float)(1 << (w->bits - 1));
  if (w->zero_dtype != SMELT_U8)
    return (float)element_double(w->zero_dtype, w->zero_points, n * w->blocks + block);
  const uint8_t *row = (const uint8_t *)w->zero_points + n * ceil_divided(w->blocks * w->bits, 8);
  return (float)packed_code(row, block, w->bits);
}

/* The weight as a constant f32 [K, N]. */
static ir_value *dequantise(onnx_context *c, const block_weight *w) {
  arena *a = c->m->arena;
  float *weight = arena_array(a, (size_t)(w->K * w->N), sizeof *weight);
  int64_t row_bytes = w->blocks * (w->block * w->bits / 8);
  for (int64_t n = 0; n < w->N; n++) {
    for (int64_t k = 0; k < w->K; k++) {
      int64_t block = w->block_of ? w->block_of[k] : k / w->block;
      float scale = (float)element_double(w->dtype, w->scales, n * w->blocks + block);
      float code = (float)packed_code(w->codes + n * row_bytes, k, w->bits);
      weight[k * w->N + n] = (code - zero_point(w, n, block)) * scale;
    }
  }
  ir_constant *constant = ARENA_NEW(a, ir_constant);
  *constant =
      (ir_constant){.type = {.dtype = SMELT_F32, .rank = 2, .dims = {onnx_dim(c, w->K), onnx_dim(c, w->N)}},
                    .data = weight};
  return ir_const(c->b, constant);
}

/* Inputs: a [.., K], b, scales, zero_points, g_idx, bias [N] */
static ir_value *import_matmul_nbits(onnx_context *c) {
  block_weight w;
  if (!read_weight(c, &w) || !read_zero_points(c, &w) || !read_block_order(c, &w)) return c->in[0];
  ir_dtype dtype = c->in[0]->type.dtype;
  ir_value *y = ir_matmul(c->b, ir_cast(c->b, c->in[0], SMELT_F32), dequantise(c, &w));
  if (c->in[5]) y = ir_binary(c->b, IR_ADD, y, ir_cast(c->b, c->in[5], SMELT_F32));
  return ir_cast(c->b, y, dtype);
}

/* ---- GatherBlockQuantized: only what is gathered is dequantised ---- */

/* The codes of x [.., n] u8 as u8 [.., n * 8 / bits] */
static ir_value *unpack_codes(onnx_context *c, ir_value *x, int64_t bits) {
  int rank = x->type.rank, count = (int)(8 / bits);
  ir_value *parts[4];
  ir_dim dims[IR_MAX_RANK];
  if (onnx_failed(c) || count == 1) return x;
  for (int i = 0; i < rank; i++) dims[i] = x->type.dims[i];
  dims[rank] = onnx_dim(c, 1);
  for (int i = 0; i < count; i++) {
    ir_value *shifted = ir_binary(c->b, IR_SHIFT_RIGHT, x, onnx_number_like(c, x, (double)(i * bits)));
    ir_value *code = ir_binary(c->b, IR_BIT_AND, shifted, onnx_number_like(c, x, (double)((1 << bits) - 1)));
    parts[i] = ir_reshape(c->b, code, dims, rank + 1);
  }
  ir_value *all = ir_concat(c->b, parts, count, rank);
  dims[rank - 1] = ir_dim_mul(c->m, dims[rank - 1], onnx_dim(c, count));
  return ir_reshape(c->b, all, dims, rank);
}

/* How codes are kept, and along which axes they are gathered and have blocks. */
typedef struct {
  int gather, quantised, rank; /* rank: of the data */
  int64_t bits, block;
  bool is_packed; /* in u8; else of a 4-bit element type */
} gathered_blocks;

static bool read_blocks(onnx_context *c, gathered_blocks *g) {
  g->rank = c->in[0]->type.rank;
  g->gather = onnx_axis(c, onnx_attr_int(c, "gather_axis", 0), g->rank);
  g->quantised = onnx_axis(c, onnx_attr_int(c, "quantize_axis", 1), g->rank);
  g->bits = onnx_attr_int(c, "bits", 4);
  g->block = onnx_attr_int(c, "block_size", 128);
  const onnx_encoding *encoding = onnx_noted(c->model, c->in[0]);
  g->is_packed = !encoding;
  if (onnx_failed(c) || !are_bits(c, g->bits)) return false;
  bool is_typed = encoding && encoding->kind == ENCODED_INTEGER && encoding->bits == 4 && g->bits == 4;
  if (g->gather == g->quantised)
    onnx_fail(c, "its gather_axis and quantize_axis must differ");
  else if (g->block < 1 || g->block > INT32_MAX)
    onnx_fail(c, "its block_size must be a size");
  else if (encoding ? !is_typed : c->in[0]->type.dtype != SMELT_U8)
    onnx_fail(c, "its data must be u8, u4 or i4");
  else if (g->is_packed && g->quantised != g->rank - 1)
    onnx_fail(c, "the quantize_axis of packed data must be the last");
  else if (c->in[2]->type.rank != g->rank || (c->in[3] && c->in[3]->type.rank != g->rank) ||
           g->rank >= IR_MAX_RANK)
    onnx_fail(c, "its data, scales and zero points must have the same rank");
  return !onnx_failed(c);
}

/* Inputs: data, indices, scales, zero_points */
static ir_value *import_gather_blocks(onnx_context *c) {
  gathered_blocks g;
  if (!read_blocks(c, &g)) return c->in[0];
  ir_value *scale = ir_gather(c->b, c->in[2], c->in[1], g.gather), *zero = NULL;
  ir_value *code = ir_gather(c->b, c->in[0], c->in[1], g.gather);
  if (c->in[3]) zero = ir_gather(c->b, c->in[3], c->in[1], g.gather);
  if (onnx_failed(c)) return code;
  ir_dtype dtype = scale->type.dtype;
  int axis = g.quantised + (g.quantised > g.gather ? c->in[1]->type.rank - 1 : 0);
  if (g.is_packed) code = unpack_codes(c, code, g.bits);
  if (g.is_packed && zero) zero = unpack_codes(c, zero, g.bits);
  if (onnx_failed(c)) return code;
  ir_dim size = code->type.dims[axis];
  scale = onnx_spread_blocks(c, scale, axis, g.block, size);
  code = ir_cast(c->b, code, dtype);
  if (zero) {
    code =
        ir_binary(c->b, IR_SUB, code, ir_cast(c->b, onnx_spread_blocks(c, zero, axis, g.block, size), dtype));
  } else if (g.is_packed) {
    code = ir_binary(c->b, IR_SUB, code, onnx_number_like(c, code, 1 << (g.bits - 1)));
  }
  return ir_binary(c->b, IR_MUL, code, scale);
}

static const onnx_op_row rows[] = {
    {ONNX_MICROSOFT, "MatMulNBits", 1, 0, 3, 6, import_matmul_nbits, IR_MATMUL},
    {ONNX_MICROSOFT, "GatherBlockQuantized", 1, 0, 3, 4, import_gather_blocks, IR_GATHER},
};
const onnx_op_table onnx_contrib_blocks_ops = ONNX_OP_TABLE(rows);
