/*
 * waiting.c: sleeping on a word, by one condition for all words: macOS has a call of its own for it
 * since 14.4 only. Who wakes takes the lock after the word has changed, so nobody falls asleep in between.
 */
#include "host/host.h"

/* pthread_mutex_t and pthread_cond_t, with what PTHREAD_MUTEX_INITIALIZER and PTHREAD_COND_INITIALIZER say */
static struct {
  long kind;
  char rest[56];
} lock = {.kind = 0x32AAABA7};
static struct {
  long kind;
  char rest[40];
} change = {.kind = 0x3CB0B1BB};

int pthread_mutex_lock(void *mutex);
int pthread_mutex_unlock(void *mutex);
int pthread_cond_wait(void *condition, void *mutex);
int pthread_cond_broadcast(void *condition);

void rt_host_sleep(const volatile void *word, uint32_t seen) {
  pthread_mutex_lock(&lock);
  if (*(const volatile uint32_t *)word == seen) pthread_cond_wait(&change, &lock);
  pthread_mutex_unlock(&lock);
}

void rt_host_wake(const volatile void *word) {
  (void)word;
  pthread_mutex_lock(&lock);
  pthread_cond_broadcast(&change);
  pthread_mutex_unlock(&lock);
}

long rt_host_switches(void) {
  return -1;
}
