/*
 * tile.h: the register tile at the heart of every matrix product: a few rows
 * of x times a few vectors of columns of w, all sums in registers (Goto and
 * van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008; the
 * broadcast form of Van Zee and van de Geijn's BLIS).
 */
#ifndef SMELT_TILE_H
#define SMELT_TILE_H

#include "codegen/emit.h"

/*
 * Where registers abound, tiles still have 12 rows: they divide attention's units, and leave 4 of 64 rows and
 * 8 of 128, which are tiles too. Of 14 rows two would be left, which read as much of w as 14.
 */
enum { TILE_MAX_ROWS = 12, TILE_MAX_VECTORS = 4, TILE_MAX_FETCHES = 4 };

typedef struct {
  int rows, vectors, lanes;
  ir_dtype dtype;                   /* of the sums: f32 or f64 */
  ir_dtype x_dtype, w_dtype;        /* in memory */
  LLVMValueRef x, x_stride;         /* row r, element k at x + r * x_stride + k */
  LLVMValueRef w[TILE_MAX_VECTORS]; /* vector j of row k of w at w[j] + k * w_stride */
  LLVMValueRef w_stride;
  LLVMValueRef w_count[TILE_MAX_VECTORS]; /* columns of vector j that exist, or NULL: all */
  LLVMValueRef scale[TILE_MAX_VECTORS];   /* of 4-bit weights: of vector j's columns in group 0 of rows */
  ir_dtype scale_dtype;
  LLVMValueRef depth; /* k in [0, depth) */
  bool odd_depth;     /* whether it can be odd */
  bool long_x;        /* tile_multiply_pairs: x of f32 may have more bits than a bf16 */
  bool apart;         /* each row has as many sums as it has alone: its result is the same to the bit */
  int sets; /* of sums, a power of two up to TILE_UNROLL; 0: as these few sums need, in which levels differ */
  /*
   * What sums of row r are too large by, i32. tile_multiply_dots: at x_excess + r; NULL: nothing.
   * tile_multiply_nibbles: those of group g at x_excess + r * groups + g.
   */
  LLVMValueRef x_excess;
  /* what to bring into the cache meanwhile: the lines at fetch[i] + k * fetch_bytes, i < fetch_count */
  LLVMValueRef fetch[TILE_MAX_FETCHES], fetch_bytes;
  int fetch_count;
} tile;

/* The largest tile that fits the level's registers; lanes is the width of its vectors of `dtype`. */
void tile_shape(const emitter *e, ir_dtype dtype, int *rows, int *vectors, int *lanes);

/* Steps of K in one turn of a tile's loop; sums are kept in at most so many sets. */
enum { TILE_UNROLL = 4 };

/* What a tile's loop over K keeps. Few sums are kept in several sets, taken in turn, so that the multipliers
 * stay busy. */
typedef struct {
  const tile *t;
  int sets;
  LLVMValueRef *sums;   /* variables: [set][row][vector], 0 at first */
  LLVMValueRef *x_rows; /* pointers */
} tile_sums;
/* Sets, a power of two up to `most`, of so many sums. */
int tile_sets(int sums, int most);
/* The sums by which a tile chooses its sets and turns: all, or where rows are apart those of a row. */
int tile_deciding_sums(const tile *t);
/* The tile's sets: as it says, or by its sums. */
int tile_set_count(const tile *t);
tile_sums tile_begin_sums(emitter *e, const tile *t, LLVMTypeRef type);
/* The variable of row r and vector j that step `part` of a turn adds to. */
LLVMValueRef tile_sum(const tile_sums *m, int r, int j, int part);

/* Emits the fetch that goes with step k: into the first level for a single row, else into the second. */
void tile_fetch(emitter *e, const tile *t, LLVMValueRef k);

/* Bytes as f32; floats as they are. */
LLVMValueRef tile_as_float(emitter *e, LLVMValueRef v);

/* sums[r * vectors + j] = sum over k of x[r][k] * w[k][j]; the order depends on the tile's shape and depth
 * only. */
void tile_multiply(emitter *e, const tile *t, LLVMValueRef *sums);

/* ---- tile_pairs.c: x of f32 or bf16, w of bf16, sums of f32 ---- */

void tile_shape_pairs(const emitter *e, int *rows, int *vectors, int *lanes);
/* w[j] points at the first two rows of vector j's columns in PLAN_PAIRS, w_stride is the elements per row. */
void tile_multiply_pairs(emitter *e, const tile *t, LLVMValueRef *sums);

/* ---- tile_bytes.c: x of i8 or i16, w of i8, exact sums of i32, given back as f32 ---- */

/* The same for bytes; lanes is the width of i32 vectors. */
/* Whether the level multiplies bytes of x as they are: else they are better widened once. */
bool tile_bytes_suits(const emitter *e);
void tile_shape_bytes(const emitter *e, int *rows, int *vectors, int *lanes);
/*
 * w[j] points at the first four rows of vector j's columns in PLAN_QUADS, w_stride is the bytes per row;
 * depth is a multiple of four.
 */
void tile_multiply_bytes(emitter *e, const tile *t, LLVMValueRef *sums);

/* ---- tile_dots.c: x and w of i8, or both of bf16, where the level has the instruction ---- */

bool tile_dots_suits(const emitter *e, ir_dtype x_dtype);
/*
 * sum, of at least four lanes, + dots of four bytes each: x's with sign, w's too unless tile_dots_exceed. A
 * sum of f32: dots of two bf16.
 */
LLVMValueRef tile_add_dots(emitter *e, LLVMValueRef sum, LLVMValueRef w, LLVMValueRef x);
void tile_shape_dots(const emitter *e, int *rows, int *vectors, int *lanes);
/* Whether sums are too large, so that tiles need x_excess. */
bool tile_dots_exceed(const emitter *e, ir_dtype x_dtype);
/* What a sum over this row of x, `depth` bytes, is too large by, as i32. */
LLVMValueRef tile_dots_excess(emitter *e, LLVMValueRef x, LLVMValueRef depth);
void tile_multiply_dots(emitter *e, const tile *t, LLVMValueRef *sums);

/* ---- tile_mmla.c: the same for two rows at once, where the level has the instruction ---- */

/* Whether x's rows, `depth` numbers long, go by what the instruction takes at a time. */
bool tile_mmla_suits(const emitter *e, ir_dtype x_dtype, LLVMValueRef depth);
void tile_shape_mmla(const emitter *e, int *rows, int *vectors, int *lanes);
/* An even number of rows; as tile_multiply_dots. */
void tile_multiply_mmla(emitter *e, const tile *t, LLVMValueRef *sums);

/* ---- tile_nibbles.c: x of i8, w of 4 bits with a scale for each group of rows ---- */

void tile_shape_nibbles(const emitter *e, int *rows, int *vectors, int *lanes);
/* Eight times the sum of IR_GROUP bytes at x, as tiles with vectors of `lanes` take it off: 32 bits. */
LLVMValueRef tile_nibbles_excess(emitter *e, int lanes, LLVMValueRef x);
/*
 * w[j] points at the first eight rows of vector j's columns in PLAN_NIBBLES, scale[j] at their scales in
 * PLAN_PANELS; depth is a multiple of IR_GROUP. The sums are f32.
 */
void tile_multiply_nibbles(emitter *e, const tile *t, LLVMValueRef *sums);

#endif
