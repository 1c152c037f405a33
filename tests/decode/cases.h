/* cases.h: numbers of test cases, read from standard input; what is not there ends the program with 1. */
#ifndef TESTS_DECODE_CASES_H
#define TESTS_DECODE_CASES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline int32_t read_whole(void) {
  int value;
  if (scanf("%d", &value) != 1) exit(1);
  return value;
}

static inline float read_real(void) {
  float value;
  if (scanf("%f", &value) != 1) exit(1);
  return value;
}

#endif
