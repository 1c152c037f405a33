/* cache.c: the rows that one token of a text has in the caches, out and in again, for texts that take turns.
 */
#include "core/core.h"

#include <string.h>

size_t rt_cache_row_bytes(const smelt_model *model) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < model->manifest.header->cache_count; i++)
    bytes += model->manifest.caches[i].parts * model->manifest.caches[i].row_bytes;
  return bytes;
}

static uint8_t *row_of(const smelt_model *model, const smelt_manifest_cache *cache, uint64_t part,
                       int64_t position) {
  return model->state + cache->state_offset +
         (part * cache->capacity + (uint64_t)position) * cache->row_bytes;
}

void rt_cache_save(const smelt_model *model, int64_t position, uint8_t *rows) {
  for (uint32_t i = 0; i < model->manifest.header->cache_count; i++) {
    const smelt_manifest_cache *cache = &model->manifest.caches[i];
    for (uint64_t part = 0; part < cache->parts; part++, rows += cache->row_bytes)
      memcpy(rows, row_of(model, cache, part, position), cache->row_bytes);
  }
}

void rt_cache_load(smelt_model *model, int64_t position, const uint8_t *rows) {
  for (uint32_t i = 0; i < model->manifest.header->cache_count; i++) {
    const smelt_manifest_cache *cache = &model->manifest.caches[i];
    for (uint64_t part = 0; part < cache->parts; part++, rows += cache->row_bytes)
      memcpy(row_of(model, cache, part, position), rows, cache->row_bytes);
  }
}
