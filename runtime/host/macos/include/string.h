/*
 * string.h: what the runtime uses of Apple's C library, declared here since its headers come with Xcode only.
 * In this folder stands only what every macOS from 11 on has under these names and with these sizes.
 */
#ifndef RT_MACOS_STRING_H
#define RT_MACOS_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *text, int byte, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
char *strchr(const char *text, int byte);
char *strrchr(const char *text, int byte);
char *strerror(int error);
char *strcpy(char *restrict to, const char *restrict from);

#endif
