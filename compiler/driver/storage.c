/* storage.c: weights on their way into the artefact, or into a file beside it: hashed and compressed in
 * passing. */
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE       /* fopencookie */
#include "driver/storage.h"
#include "base/sha256.h"
#include "smelt/weights.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* ---- what is done with the bytes that pass ---- */

/* In and out in pieces of so many bytes: all that is held of the weights. */
enum { PIECE_BYTES = 1 << 17, HASH_BYTES = 32 };
/* A program's threads unpack a frame each. */
enum { FRAME_BYTES = 8 << 20 };

typedef struct {
  FILE *to;
  sha256 hash;
  off_t hole;            /* zeros since the last byte that was written */
  ZSTD_CCtx *compressor; /* NULL: bytes stay as they are */
  uint64_t left;         /* bytes for frames that have not begun */
  size_t frame_left;
  uint64_t written;
  bool failed;
  char piece[PIECE_BYTES];
} passage;

static bool is_zero(const char *bytes, size_t count) {
  return !*bytes && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* Whole pieces of zeros are left out: they become a hole in the file. */
static bool put(passage *p, const char *bytes, size_t count) {
  for (size_t part; count; bytes += part, count -= part) {
    part = count < PIECE_BYTES ? count : PIECE_BYTES;
    if (is_zero(bytes, part)) {
      p->hole += (off_t)part;
      continue;
    }
    if (p->hole && fseeko(p->to, p->hole, SEEK_CUR) != 0) return false;
    p->hole = 0;
    if (fwrite(bytes, 1, part, p->to) != part) return false;
  }
  return true;
}

/* The last byte of a hole makes the file as long as it is to be. */
static bool end_hole(passage *p) {
  return !p->hole || (fseeko(p->to, p->hole - 1, SEEK_CUR) == 0 && fputc(0, p->to) == 0);
}

static bool compress_part(passage *p, const void *bytes, size_t count, ZSTD_EndDirective how) {
  ZSTD_inBuffer in = {bytes, count, 0};
  for (size_t left = 1; left || in.pos < in.size;) {
    ZSTD_outBuffer out = {p->piece, sizeof p->piece, 0};
    left = ZSTD_compressStream2(p->compressor, &out, &in, how);
    if (ZSTD_isError(left) || fwrite(p->piece, 1, out.pos, p->to) != out.pos) return false;
    p->written += out.pos;
    if (how == ZSTD_e_continue && in.pos == in.size) break;
  }
  return true;
}

static bool compress(passage *p, const char *bytes, size_t count) {
  for (size_t part; count; bytes += part, count -= part) {
    if (!p->frame_left) {
      p->frame_left = p->left < FRAME_BYTES ? p->left : FRAME_BYTES;
      p->left -= p->frame_left;
      ZSTD_CCtx_setPledgedSrcSize(p->compressor, p->frame_left);
    }
    if (!p->frame_left) return false; /* more than was said */
    part = count < p->frame_left ? count : p->frame_left;
    p->frame_left -= part;
    if (!compress_part(p, bytes, part, p->frame_left ? ZSTD_e_continue : ZSTD_e_end)) return false;
  }
  return true;
}

static ssize_t pass(void *cookie, const char *bytes, size_t count) {
  passage *p = cookie;
  sha256_add(&p->hash, bytes, count);
  p->failed |= !(p->compressor ? compress(p, bytes, count) : put(p, bytes, count));
  return (ssize_t)count;
}

/* The packed weights through `p`; its hash goes into hash[32]. */
static status pass_weights(compilation *c, passage *p, uint8_t *hash) {
  FILE *through = fopencookie(p, "w", (cookie_io_functions_t){.write = pass});
  if (!through) return fail(&c->arena, STATUS_DEFECT, "no stream for the weights");
  setvbuf(through, arena_alloc(&c->arena, PIECE_BYTES), _IOFBF, PIECE_BYTES);
  status s = plan_write_weights(c->plan, through);
  fclose(through);
  if (!p->compressor) p->failed |= !end_hole(p);
  if (p->compressor && !c->plan->weights_bytes) p->failed |= !compress_part(p, NULL, 0, ZSTD_e_end);
  if (!s && p->failed) s = fail(&c->arena, STATUS_INPUT, "the weights cannot be written: disk full?");
  char digits[SHA256_TEXT_BYTES];
  sha256_end(&p->hash, digits);
  for (int i = 0; i < HASH_BYTES; i++) {
    const char byte[] = {digits[2 * i], digits[2 * i + 1], 0};
    hash[i] = (uint8_t)strtoul(byte, NULL, 16);
  }
  return s;
}

/* ---- where they go ---- */

typedef struct {
  compilation *c;
  plan_manifest_info *info;
  uint8_t hash[HASH_BYTES];
} storage;

static status write_plain(void *context, FILE *file) {
  const storage *s = context;
  return plan_write_weights(s->c->plan, file);
}

static status write_beside(void *context, FILE *file) {
  storage *s = context;
  static const char zeros[SMELT_WEIGHTS_AT];
  passage *p = ARENA_NEW(&s->c->arena, passage);
  *p = (passage){.to = file};
  sha256_begin(&p->hash);
  fwrite(zeros, 1, sizeof zeros, file);
  TRY(pass_weights(s->c, p, s->hash));
  smelt_weights_header header = {.bytes = s->c->plan->weights_bytes};
  memcpy(header.magic, SMELT_WEIGHTS_MAGIC, sizeof header.magic);
  memcpy(header.hash, s->hash, sizeof header.hash);
  rewind(file);
  fwrite(&header, sizeof header, 1, file);
  return OK;
}

static status write_compressed(void *context, FILE *file) {
  enum { LEVEL = 3 }; /* weights are numbers, not texts: more effort finds nothing more in them */
  storage *s = context;
  passage *p = ARENA_NEW(&s->c->arena, passage);
  *p = (passage){.to = file, .compressor = ZSTD_createCCtx(), .left = s->c->plan->weights_bytes};
  sha256_begin(&p->hash);
  if (!p->compressor) return fail(&s->c->arena, STATUS_INPUT, "out of memory");
  ZSTD_CCtx_setParameter(p->compressor, ZSTD_c_compressionLevel, LEVEL);
  ZSTD_CCtx_setParameter(p->compressor, ZSTD_c_checksumFlag, 1);
  status done = pass_weights(s->c, p, s->hash);
  ZSTD_freeCCtx(p->compressor);
  s->info->stored_bytes = p->written;
  return done;
}

const char *storage_source(const driver_options *options) {
  if (options->is_draft) return NULL;
  return options->weights ? "rt_weights_beside" : options->compresses ? "rt_weights_packed" : NULL;
}

status storage_check(arena *a, const driver_options *options, bool is_artefact) {
  const char *option = options->weights ? "--weights" : options->compresses ? "--compress" : NULL;
  const codegen_target *target;
  if (!option) return OK;
  TRY(compile_target(a, options, &target));
  bool is_module = target->os == CODEGEN_WASI && strcmp(options->emit, "shared") == 0;
  if (is_module) /* which asks for nothing of WASI, and so has no files */
    return fail_expected(
        a, fail(a, STATUS_USAGE, "%s is not there for --emit shared of target %s", option, target->name),
        "exe, obj or lib");
  if (target->os == CODEGEN_NO_OS)
    return fail_expected(a, fail(a, STATUS_USAGE, "%s is not there for target %s", option, target->name),
                         "a target with an operating system");
  if (!is_artefact)
    return fail_expected(
        a, fail(a, STATUS_USAGE, "%s is for what holds weights, --emit got '%s'", option, options->emit),
        "exe, obj, lib or shared");
  if (options->weights && options->compresses)
    return fail(a, STATUS_USAGE,
                "--weights puts the weights into a file, --compress into the program: one of them");
  const char *name = options->weights;
  if (!name || (*name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)) return OK;
  status s = fail(a, STATUS_USAGE, "--weights got '%s'", name);
  return fail_expected(a, s, "a name without a folder: the file lies beside the result");
}

status storage_add(compilation *c, link_job *job, link_blob *blob, plan_manifest_info *info) {
  const char *source = storage_source(c->options);
  storage *s = ARENA_NEW(&c->arena, storage);
  *s = (storage){.c = c, .info = info};
  blob->context = s;
  if (source) info->weights_hash = s->hash;
  if (source && c->options->weights) {
    info->weights_file = c->options->weights;
    return link_add_companion(job, c->options->weights, write_beside, s);
  }
  blob->write_payload = source ? write_compressed : write_plain;
  return link_add_blob(job, blob);
}
