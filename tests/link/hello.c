/* hello.c: a program whose text is a blob that the link stage wrote. link_test.c links it. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

extern const char greeting[], greeting_end[];

/* Blobs are reached through addresses in data only; volatile keeps the compiler from seeing through them. */
static const char *const volatile ends[2] = {greeting, greeting_end};

static void *say(void *unused) {
  (void)unused;
  fwrite(ends[0], 1, (size_t)(ends[1] - ends[0]), stdout);
  return NULL;
}

/* With an argument, tells how far the blob is aligned instead. */
int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return printf("%d\n", (uintptr_t)ends[0] % 4096 == 0) < 0;
  pthread_t thread;
  if (pthread_create(&thread, NULL, say, NULL) != 0) return 1;
  return pthread_join(thread, NULL) != 0;
}
