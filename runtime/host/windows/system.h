/* system.h: paths as Windows has them. */
#ifndef RT_WINDOWS_SYSTEM_H
#define RT_WINDOWS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* UTF-8 as UTF-16, to be freed. NULL: errno says why. (files.c) */
wchar_t *rt_windows_path(const char *path);

/* The other way, with '/' between folders. False: there is no room. (own_file.c) */
bool rt_windows_text(const wchar_t *wide, char *path, size_t room);

#endif
