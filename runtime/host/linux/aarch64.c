/* aarch64.c: what the kernel tells of the processor, and how long this thread's SVE registers are. */
#include "core/core.h"

#include <sys/auxv.h>
#include <sys/prctl.h>

void rt_cpu_read_words(uint64_t *words) {
  words[RT_CPU_HWCAP] = getauxval(AT_HWCAP);
  words[RT_CPU_HWCAP2] = getauxval(AT_HWCAP2);
  int length = prctl(PR_SVE_GET_VL); /* less than 0 where there is no SVE */
  if (length > 0) words[RT_CPU_SVE_LENGTH] = RT_CPU_SVE_OF(length & PR_SVE_VL_LEN_MASK);
}
