/* system.h: what macOS tells of itself, by name. */
#ifndef RT_MACOS_SYSTEM_H
#define RT_MACOS_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

int sysctlbyname(const char *name, void *value, size_t *bytes, void *new_value, size_t new_bytes);

/* A number; 0 where this system does not know the name. */
static inline int32_t system_number(const char *name) {
  int32_t value = 0;
  size_t bytes = sizeof value;
  return sysctlbyname(name, &value, &bytes, NULL, 0) == 0 && bytes == sizeof value ? value : 0;
}

#endif
