/*
 * replay.c: replay [EVERY] PATH...: runs a fuzz target without libFuzzer on each file, and on the files of
 * each folder: all of them, or of those after a number EVERY each EVERYth.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static bool run_file(const char *path) {
  arena a = {0};
  file_view file;
  status s = file_map(&a, path, &file);
  if (s) {
    fprintf(stderr, "%s: %s\n", path, s->cause);
  } else {
    /* A copy of exact size: reading past its end is seen. */
    uint8_t *bytes = malloc(file.count + !file.count);
    if (bytes && file.count) memcpy(bytes, file.bytes, file.count);
    fprintf(stderr, "%s\n", path); /* the last line before a crash */
    LLVMFuzzerTestOneInput(bytes, file.count);
    free(bytes);
    file_unmap(&file);
  }
  arena_free(&a);
  return !s;
}

static int by_name(const struct dirent **x, const struct dirent **y) {
  return strcmp((*x)->d_name, (*y)->d_name);
}

static bool run_folder(const char *folder, int every) {
  arena a = {0};
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, by_name), index = 0;
  bool good = count >= 0;
  for (int i = 0; i < count; i++) {
    const char *path = file_join(&a, folder, entries[i]->d_name);
    if (file_exists(path) && index++ % every == 0) good &= run_file(path);
    free(entries[i]);
  }
  if (count >= 0) free(entries);
  arena_free(&a);
  return good;
}

int main(int argc, char **argv) {
  int every = 1;
  bool good = argc > 1;
  for (int i = 1; i < argc; i++) {
    int number = atoi(argv[i]);
    if (number > 0) {
      every = number;
    } else {
      good &= file_is_folder(argv[i]) ? run_folder(argv[i], every) : run_file(argv[i]);
    }
  }
  return good ? 0 : 1;
}
