/* capabilities.c: where user space cannot ask the processor, the kernel tells. */
#include "core/core.h"

#include <sys/auxv.h>

void rt_cpu_read_words(uint64_t *words) {
  words[RT_CPU_HWCAP] = getauxval(AT_HWCAP);
  words[RT_CPU_HWCAP2] = getauxval(AT_HWCAP2);
}
