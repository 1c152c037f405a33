/* errno.h: the reason of the last failure, and one of our own failures. */
#ifndef RT_MACOS_ERRNO_H
#define RT_MACOS_ERRNO_H

int *__error(void);
#define errno  (*__error())
#define ENOMEM 12

#endif
