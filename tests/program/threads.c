/*
 * threads.c: several threads, each with a model of its own opened over one image, write at once what each
 * writes alone. Prints the texts, a line each; exits with 1 where one differs.
 */
#include "verse.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 3, TEXT_BYTES = 1024 };

typedef struct {
  uint64_t seed;
  char text[TEXT_BYTES];
  size_t bytes;
  smelt_result result;
} job;

static bool take(void *user, int32_t token, const char *text, size_t bytes) {
  job *j = user;
  (void)token;
  if (j->bytes + bytes >= TEXT_BYTES) return false;
  for (size_t i = 0; i < bytes; i++) j->text[j->bytes++] = text[i] == '\n' ? '/' : text[i];
  return true;
}

/* Opens, writes, and closes. Odd jobs have a team of two threads, so that teams run beside one another. */
static void *work(void *user) {
  job *j = user;
  smelt_model *model;
  smelt_open_options open_options = {0};
  open_options.threads = 1 + (int32_t)(j->seed & 1);
  j->result = smelt_open(&smelt_model_verse, &open_options, &model);
  if (j->result) return NULL;
  smelt_generate_options options = smelt_generate_defaults(model);
  options.max_new_tokens = 48;
  options.temperature = 1;
  options.seed = j->seed;
  j->result = smelt_generate(model, "In the beginning", &options, take, j);
  smelt_close(model);
  return NULL;
}

int main(void) {
  static job alone[THREADS], together[THREADS];
  int failed = 0;
  for (int i = 0; i < THREADS; i++) {
    alone[i].seed = (uint64_t)i;
    work(&alone[i]);
    printf("%d %s\n", (int)alone[i].result, alone[i].text);
    failed |= alone[i].result != SMELT_OK || alone[i].bytes == 0;
  }
  for (int round = 0; round < ROUNDS; round++) {
    pthread_t threads[THREADS];
    memset(together, 0, sizeof together);
    for (int i = 0; i < THREADS; i++) {
      together[i].seed = (uint64_t)i;
      failed |= pthread_create(&threads[i], NULL, work, &together[i]) != 0;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
      failed |= together[i].result != SMELT_OK || strcmp(together[i].text, alone[i].text) != 0;
  }
  return failed;
}
