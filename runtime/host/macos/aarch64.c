/* aarch64.c: what Apple's processors have, in the bits that Linux tells the same by (processor/aarch64.c). */
#include "core/core.h"
#include "host/macos/system.h"

void rt_cpu_read_words(uint64_t *words) {
  static const struct {
    const char *name;
    rt_cpu_word word;
    int bit;
  } features[] = {{"hw.optional.arm.FEAT_DotProd", RT_CPU_HWCAP, 20},
                  {"hw.optional.arm.FEAT_I8MM", RT_CPU_HWCAP2, 13},
                  {"hw.optional.arm.FEAT_BF16", RT_CPU_HWCAP2, 14}};
  for (size_t i = 0; i < sizeof features / sizeof *features; i++)
    if (system_number(features[i].name)) words[features[i].word] |= (uint64_t)1 << features[i].bit;
}
