/* plain.c: a processor whose code has one level, the least. */
#include "core/core.h"

const rt_level_feature rt_level_features[1];
const size_t rt_level_feature_count = 0;

void rt_cpu_read_words(uint64_t *words) {
  (void)words;
}

bool rt_cpu_may_use(smelt_isa_level level) {
  (void)level;
  return true;
}

bool rt_cpu_is_slow_of(const uint64_t *words, smelt_isa_level level) {
  (void)words, (void)level;
  return false;
}
