/* beside.c: weights in a file beside the program or the shared library that holds the image. */
#define _POSIX_C_SOURCE 200809L
#include "core/weights.h"
#include "host/host.h"
#include "smelt/sha256.h"
#include "smelt/weights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- where it is ---------------------------------------------------------------------- */

/* Where the weights' file is to be, in path[RT_HOST_PATH_BYTES]. */
static bool find_weights(const smelt_model *model, const smelt_open_options *options, char *path) {
  const char *name = rt_manifest_text(&model->manifest, model->manifest.header->weights_file);
  const char *stated = options ? options->weights : NULL;
  if (!stated || !*stated) stated = getenv("SMELT_WEIGHTS");
  bool is_stated = stated && *stated;
  if (!is_stated && !rt_host_own_file(model->image, path, RT_HOST_PATH_BYTES)) path[0] = '\0';
  const char *slash = is_stated ? NULL : strrchr(path, '/');
  size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
  if (is_stated) name = stated;
  if (folder + strlen(name) >= RT_HOST_PATH_BYTES) return false;
  memcpy(path + folder, name, strlen(name) + 1);
  return true;
}

/* ---- whether it is the one --------------------------------------------------------------- */

static smelt_result check_header(const smelt_model *model, const smelt_open_options *options,
                                 const char *path, const smelt_weights_header *header, uint64_t file_bytes) {
  const smelt_manifest *wanted = model->manifest.header;
  if (file_bytes < sizeof *header || memcmp(header->magic, SMELT_WEIGHTS_MAGIC, sizeof header->magic) != 0)
    return rt_tell(options, SMELT_NO_WEIGHTS, "%s: is no file of weights", path);
  if (header->bytes != wanted->weights_bytes ||
      memcmp(header->hash, wanted->weights_hash, sizeof header->hash) != 0)
    return rt_tell(options, SMELT_NO_WEIGHTS,
                   "%s: has the weights of another model, or of another build of it", path);
  if (file_bytes < SMELT_WEIGHTS_AT || file_bytes - SMELT_WEIGHTS_AT < header->bytes)
    return rt_tell(options, SMELT_NO_WEIGHTS, "%s: is too short (expected %llu bytes, found %llu)", path,
                   (unsigned long long)(header->bytes + SMELT_WEIGHTS_AT), (unsigned long long)file_bytes);
  return SMELT_OK;
}

bool rt_weights_have_hash(const smelt_model *model) {
  const smelt_manifest *header = model->manifest.header;
  smelt_sha256 hash = SMELT_SHA256;
  uint8_t digest[SMELT_SHA256_BYTES];
  smelt_sha256_add(&hash, model->weights, header->weights_bytes);
  smelt_sha256_end(&hash, digest);
  return memcmp(digest, header->weights_hash, sizeof digest) == 0;
}

/* ---- as memory ----------------------------------------------------------------------------- */

smelt_result rt_weights_map(smelt_model *model, const smelt_open_options *options, const char *path,
                            int file) {
  smelt_weights_header header = {0};
  int64_t end = rt_host_file_bytes(file);
  if (end < 0 || read(file, &header, sizeof header) < 0)
    return rt_tell(options, SMELT_NO_WEIGHTS, "%s: cannot be read: %s", path, strerror(errno));
  smelt_result result = check_header(model, options, path, &header, (uint64_t)end);
  if (result) return result;
  uint64_t bytes = SMELT_WEIGHTS_AT + header.bytes;
  uint8_t *mapped = rt_host_map_file(file, bytes);
  if (!mapped)
    return rt_tell(options, SMELT_OUT_OF_MEMORY, "%s: cannot be mapped: %s", path, strerror(errno));
  model->weights_map = mapped;
  model->weights_map_bytes = bytes;
  model->weights = mapped + SMELT_WEIGHTS_AT;
  if (!options || !options->checks_weights || rt_weights_have_hash(model)) return SMELT_OK;
  return rt_tell(options, SMELT_NO_WEIGHTS, "%s: is damaged: its bytes are not those that were built", path);
}

static smelt_result open_beside(smelt_model *model, const smelt_open_options *options) {
  char path[RT_HOST_PATH_BYTES];
  if (!find_weights(model, options, path))
    return rt_tell(options, SMELT_NO_WEIGHTS, "the path of the weights is too long");
  int file = rt_host_open(path);
  if (file < 0)
    return rt_tell(options, SMELT_NO_WEIGHTS,
                   "%s: cannot be opened: %s; the model's weights are there, or where SMELT_WEIGHTS says",
                   path, strerror(errno));
  smelt_result result = rt_weights_map(model, options, path, file);
  close(file);
  return result;
}

void rt_weights_unmap(smelt_model *model) {
  rt_host_unmap(model->weights_map, model->weights_map_bytes);
  model->weights_map = NULL;
}

const smelt_weights_source rt_weights_beside = {open_beside, rt_weights_unmap};
