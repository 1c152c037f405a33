/*
 * packed.c: weights that the image holds compressed. The first start unpacks them into a file of the user's
 * cache, which is of the same form as one beside a program; the next ones map it. Where there can be no such
 * file they are unpacked into memory each time.
 */
#define _POSIX_C_SOURCE 200809L
#include "weights/unzstd.h"
#include "core/weights.h"
#include "host/host.h"
#include "smelt/weights.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the model's weights are kept: a name that says which they are. */
static bool find_kept(const smelt_model *model, char *path) {
  enum { NAME_BYTES = 96 };
  if (!rt_host_cache_folder(path, RT_HOST_PATH_BYTES - NAME_BYTES)) return false;
  char *at = path + strlen(path);
  *at++ = '/';
  const uint8_t *hash = model->manifest.header->weights_hash;
  for (size_t i = 0; i < sizeof model->manifest.header->weights_hash; i++)
    at += snprintf(at, 3, "%02x", hash[i]);
  memcpy(at, ".weights", sizeof ".weights");
  return true;
}

/* A file that is damaged is as good as none. */
static bool open_kept(smelt_model *model, const smelt_open_options *options, const char *path) {
  int file = rt_host_open(path);
  if (file < 0) return false;
  bool is_sound = rt_weights_map(model, options, path, file) == SMELT_OK;
  close(file);
  if (!is_sound) rt_weights_unmap(model);
  return is_sound;
}

static bool write_all(int file, const uint8_t *bytes, uint64_t count) {
  while (count) {
    size_t part = count < 1 << 30 ? (size_t)count : 1 << 30;
    ssize_t written = write(file, bytes, part);
    if (written <= 0) return false;
    bytes += written;
    count -= (uint64_t)written;
  }
  return true;
}

/*
 * Who keeps unpacked weights while the model is used already: writing takes longer than unpacking. Lies
 * behind the weights, in their memory.
 */
typedef struct {
  const uint8_t *bytes;
  uint64_t count; /* with the header */
  rt_host_thread thread;
  bool runs;
  char path[RT_HOST_PATH_BYTES];
} keeper;

/* In a file that appears whole or not at all. */
static void *keep(void *given) {
  const keeper *k = given;
  char draft[RT_HOST_PATH_BYTES + 32];
  uint64_t number = 0;
  rt_host_random(&number, sizeof number); /* of other processes that do the same */
  snprintf(draft, sizeof draft, "%s.%llx", k->path, (unsigned long long)number);
  int file = rt_host_begin_file(draft);
  if (file >= 0) rt_host_end_file(file, draft, k->path, write_all(file, k->bytes, k->count));
  return NULL;
}

/* With the header before them. */
static uint64_t weights_bytes(const smelt_model *model) {
  return SMELT_WEIGHTS_AT + model->manifest.header->weights_bytes;
}

static keeper *keeper_of(const smelt_model *model) {
  uint64_t at = (weights_bytes(model) + _Alignof(keeper) - 1) / _Alignof(keeper) * _Alignof(keeper);
  return (keeper *)(void *)((uint8_t *)model->weights_map + at);
}

static void begin_to_keep(const smelt_model *model, const char *path) {
  enum { STACK_BYTES = 1 << 16 };
  keeper *k = keeper_of(model);
  *k = (keeper){.bytes = model->weights_map, .count = weights_bytes(model)};
  memcpy(k->path, path, strlen(path) + 1);
  k->runs = rt_host_thread_start(&k->thread, keep, k, STACK_BYTES);
  if (!k->runs) keep(k);
}

static void close_packed(smelt_model *model) {
  bool is_memory = model->weights_map && model->weights_map_bytes > weights_bytes(model);
  if (is_memory && keeper_of(model)->runs) rt_host_thread_join(keeper_of(model)->thread);
  rt_weights_unmap(model);
}

/* What the threads of a team unpack together. */
typedef struct {
  smelt_frame frame; /* first: what a team is given */
  const smelt_model *model;
  _Atomic(const char *) wrong;
} unpacking;

static void unpack_share(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  unpacking *work = (unpacking *)(void *)frame;
  const smelt_model *model = work->model;
  const smelt_manifest *manifest = model->manifest.header;
  uint8_t *to = (uint8_t *)model->weights_map + SMELT_WEIGHTS_AT;
  const char *wrong = rt_unzstd(model->image->weights, (size_t)manifest->stored_bytes, to,
                                (size_t)manifest->weights_bytes, thread, thread_count);
  if (wrong) atomic_store(&work->wrong, wrong);
}

/* Into memory that begins as the file does. Each frame has a checksum, so that damage is found. */
static smelt_result unpack(smelt_model *model, const smelt_open_options *options) {
  const smelt_manifest *manifest = model->manifest.header;
  uint64_t bytes = weights_bytes(model) + _Alignof(keeper) + sizeof(keeper);
  uint8_t *memory = rt_host_map(bytes);
  if (!memory) return rt_tell(options, SMELT_OUT_OF_MEMORY, "no memory to unpack the weights into");
  model->weights_map = memory;
  model->weights_map_bytes = bytes;
  model->weights = memory + SMELT_WEIGHTS_AT;
  smelt_weights_header header = {.bytes = manifest->weights_bytes};
  memcpy(header.magic, SMELT_WEIGHTS_MAGIC, sizeof header.magic);
  memcpy(header.hash, manifest->weights_hash, sizeof header.hash);
  memcpy(memory, &header, sizeof header);
  unpacking work = {.model = model};
  rt_team_run(model->team, unpack_share, &work.frame);
  const char *wrong = atomic_load(&work.wrong);
  return wrong ? rt_tell(options, SMELT_CORRUPT_IMAGE, "the weights cannot be unpacked: %s", wrong)
               : SMELT_OK;
}

static smelt_result open_packed(smelt_model *model, const smelt_open_options *options) {
  char path[RT_HOST_PATH_BYTES];
  bool may_keep = find_kept(model, path);
  smelt_open_options quietly = {.checks_weights = options && options->checks_weights};
  if (!model->image->weights) return SMELT_CORRUPT_IMAGE;
  if (options && options->weights) return rt_weights_beside.open(model, options);
  if (may_keep && open_kept(model, &quietly, path)) return SMELT_OK;
  smelt_result result = unpack(model, options);
  if (!result && may_keep) begin_to_keep(model, path);
  return result;
}

const smelt_weights_source rt_weights_packed = {open_packed, close_packed};
