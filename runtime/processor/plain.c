/* plain.c: a processor whose code has one level, the least. */
#include "core/core.h"

const rt_level_feature rt_level_features[1];
const size_t rt_level_feature_count = 0;

void rt_cpu_read_words(uint64_t *words) {
  (void)words;
}
