/* cpu.c: which instruction-set level the processor has; processor/ says what makes a level. */
#include "core/core.h"

#include <string.h>

#define X(NAME, value, text) [SMELT_ISA_##NAME] = text,
static const char *const level_texts[] = {SMELT_ISA_LEVELS(X)};
#undef X
enum { LEVEL_COUNT = sizeof level_texts / sizeof level_texts[0] };

const char *rt_isa_text(uint64_t level) {
  return level < LEVEL_COUNT ? level_texts[level] : "?";
}

bool rt_isa_from_text(const char *text, smelt_isa_level *level) {
  for (int i = 0; i < LEVEL_COUNT; i++) {
    if (strcmp(text, level_texts[i]) != 0) continue;
    *level = (smelt_isa_level)i;
    return true;
  }
  return false;
}

static bool has_level(const uint64_t *words, const rt_level_feature *features, size_t count) {
  for (size_t i = 0; i < count; i++)
    if ((words[features[i].word] & features[i].bits) != features[i].bits) return false;
  return true;
}

smelt_isa_level rt_cpu_level_of(const rt_level_feature *features, size_t count, const uint64_t *words,
                                bool (*is_allowed)(smelt_isa_level level)) {
  smelt_isa_level best = SMELT_ISA_BASELINE;
  for (size_t begin = 0, end; begin < count; begin = end) {
    smelt_isa_level level = features[begin].level;
    for (end = begin + 1; end < count && features[end].level == level;) end++;
    if (!has_level(words, &features[begin], end - begin) || !is_allowed(level)) break;
    best = level;
  }
  return best;
}

smelt_isa_level rt_cpu_level(void) {
  uint64_t words[RT_CPU_WORD_COUNT] = {0};
  rt_cpu_read_words(words);
  return rt_cpu_level_of(rt_level_features, rt_level_feature_count, words, rt_cpu_may_use);
}

bool rt_cpu_has(smelt_isa_level level) {
  bool is_own = level == SMELT_ISA_BASELINE;
  for (size_t i = 0; i < rt_level_feature_count; i++) is_own |= rt_level_features[i].level == level;
  return is_own && level <= rt_cpu_level();
}

bool rt_cpu_is_slow(smelt_isa_level level) {
  uint64_t words[RT_CPU_WORD_COUNT] = {0};
  rt_cpu_read_words(words);
  return rt_cpu_is_slow_of(words, level);
}
