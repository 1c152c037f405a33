/* sample_arrays.c: seeded random inputs of a graph, as .npy files without names. */
#define _POSIX_C_SOURCE 200809L
#include "driver/program.h"
#include "driver/reader.h"
#include "driver/sample.h"

#include <string.h>
#include <unistd.h>

enum { LARGEST_SIZE = 128, LEAST_IDS = 2 };

static double next_random(uint64_t *seed) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (double)(*seed >> 11) / (double)(UINT64_C(1) << 53);
}

/* NumPy's format, version 1.0, data at a multiple of 64 bytes. */
static status write_array(arena *a, FILE *file, const char *descr, const int64_t *dims, int rank,
                          const void *data, size_t bytes) {
  text header = {0};
  text_print(&header, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
  for (int i = 0; i < rank; i++) text_print(&header, "%lld, ", (long long)dims[i]);
  text_print(&header, "), }");
  while ((10 + header.count + 1) % 64) text_print(&header, " ");
  text_print(&header, "\n");
  const uint8_t start[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, header.count & 255, header.count >> 8 & 255};
  bool written = fwrite(start, 1, sizeof start, file) == sizeof start &&
                 fwrite(header.bytes, 1, header.count, file) == header.count &&
                 fwrite(data, 1, bytes, file) == bytes;
  text_free(&header);
  return written ? OK : fail(a, STATUS_INPUT, "the sample cannot be written");
}

status sample_write_array(arena *a, const char *descr, const int64_t *dims, int rank, const void *data,
                          size_t bytes, int *file) {
  TRY(program_scratch(a, file));
  int copy = dup(*file);
  FILE *stream = copy < 0 ? NULL : fdopen(copy, "wb");
  status failed = stream ? write_array(a, stream, descr, dims, rank, data, bytes) : OK;
  if (!stream || fclose(stream)) failed = fail(a, STATUS_INPUT, "the sample cannot be written");
  if (failed) close(*file);
  return failed;
}

/* What a random element of the input is: of floats -1 to 1, of ids a row of a table, of masks always 1. */
static const char *fill(arena *a, const ir_graph *g, const plan_io *io, int64_t count, uint64_t *seed,
                        void **data) {
  bool is_mask = strstr(io->name, "mask") || io->dtype == SMELT_BOOL;
  int64_t ids = reader_id_count(g, io->name);
  if (!ids) ids = LEAST_IDS;
  size_t bytes = ir_dtype_bytes(io->dtype);
  uint8_t *to = *data = arena_array(a, (size_t)count + 1, bytes);
  for (int64_t i = 0; i < count; i++, to += bytes) {
    double random = next_random(seed);
    int64_t whole = is_mask ? 1 : (int64_t)(random * (double)ids);
    float single = is_mask ? 1 : (float)(random * 2 - 1);
    double wide = single;
    if (io->dtype == SMELT_F32)
      memcpy(to, &single, bytes);
    else if (io->dtype == SMELT_F64)
      memcpy(to, &wide, bytes);
    else
      memcpy(to, &whole, bytes); /* little-endian: the low bytes */
  }
  switch (io->dtype) {
  case SMELT_F32:
    return "<f4";
  case SMELT_F64:
    return "<f8";
  case SMELT_I64:
    return "<i8";
  case SMELT_I32:
    return "<i4";
  case SMELT_BOOL:
    return "|b1";
  default:
    return NULL;
  }
}

static status add_input(arena *a, compilation *c, const plan_io *io, const int64_t *sizes, uint64_t *seed,
                        sample *s) {
  int64_t dims[IR_MAX_RANK], count = 1;
  for (int i = 0; i < io->rank; i++) count *= dims[i] = ir_dim_evaluate(io->dims[i], sizes);
  void *data;
  const char *descr = fill(a, c->plan->entries[0].graph, io, count, seed, &data);
  if (!descr)
    return fail(a, STATUS_USAGE, "--report has no sample for input '%s' of %s", io->name,
                ir_dtype_name(io->dtype));
  int file;
  TRY(sample_write_array(a, descr, dims, io->rank, data, (size_t)count * ir_dtype_bytes(io->dtype), &file));
  ARENA_PUSH(a, s->inputs, s->input_count, s->input_capacity) = file;
  ARENA_PUSH(a, s->words.words, s->words.count, s->words.capacity) = "--input";
  ARENA_PUSH(a, s->words.words, s->words.count, s->words.capacity) =
      arena_format(a, "%s=/proc/self/fd/%d", io->name, file);
  return OK;
}

status sample_fill_arrays(arena *a, compilation *c, sample *s) {
  const plan_entry *entry = &c->plan->entries[0];
  size_t symbol_count = ir_dim_symbol_count(c->module);
  int64_t *sizes = ARENA_ARRAY(a, int64_t, symbol_count + 1);
  for (size_t i = 0; i < symbol_count; i++) {
    int64_t most = ir_dim_maximum(c->module, ir_dim_symbol_at(c->module, i));
    sizes[i] = most < LARGEST_SIZE ? most : LARGEST_SIZE;
  }
  uint64_t seed = 1;
  for (size_t i = 0; i < entry->input_count; i++) TRY(add_input(a, c, &entry->inputs[i], sizes, &seed, s));
  for (size_t i = 0; i < entry->output_count; i++)
    if (entry->outputs[i].dtype == SMELT_F32)
      ARENA_PUSH(a, s->outputs.words, s->outputs.count, s->outputs.capacity) =
          arena_text(a, entry->outputs[i].name);
  return s->outputs.count ? OK : fail(a, STATUS_USAGE, "--report compares f32, and no output is");
}
