/*
 * runner.c: one engine with one model behind a line protocol, so that the bench can alternate engines which
 * stay loaded.
 *
 *     bench_ENGINE MODEL THREADS VOCABULARY CONTEXT
 *
 * Each line on standard input is answered by one on standard output:
 *
 *     first TOKENS               read TOKENS ids -> when their logits are there (an encoder's
 *                                output), ns of the monotonic clock
 *     prompt TOKENS MS           read TOKENS ids, again and again for MS -> ns per reading
 *     generate CONTEXT COUNT     COUNT tokens one by one after CONTEXT others -> ns per token
 *     encode BATCH TOKENS MS     run the encoder, again and again for MS -> ns per run
 *     logits TOKENS FILE         write the logits after TOKENS ids and one more, f32 -> how many
 *     encoded BATCH TOKENS FILE  write the encoder's output to FILE, f32 -> how many
 *     memory                     -> most resident memory so far (VmHWM), bytes
 *     resident                   -> resident memory now (VmRSS), bytes
 *
 * Ids are the same for every engine: a fixed scatter over the vocabulary. What is generated is not sampled,
 * the next id is fixed too: the bench times models, not samplers.
 */
#include "engine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_CAPACITY = 4096, ARGUMENT_CAPACITY = 4, NS_PER_MS = 1000000 };

typedef struct {
  engine *engine;
  int32_t *ids; /* [id_count] */
  size_t id_count;
} runner;

_Noreturn void engine_die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("bench: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int32_t *scattered_ids(size_t count, int64_t vocabulary) {
  enum { SPECIAL_IDS = 3, STRIDE = 7919 };
  int32_t *ids = calloc(count, sizeof *ids);
  if (!ids) engine_die("out of memory");
  for (size_t i = 0; i < count; i++)
    ids[i] = (int32_t)(SPECIAL_IDS + ((int64_t)i * STRIDE + 17) % (vocabulary - SPECIAL_IDS));
  return ids;
}

/* The first `count` of the ids. */
static const int32_t *take_ids(const runner *r, size_t count) {
  if (count > r->id_count) engine_die("%zu tokens were asked for, there are %zu", count, r->id_count);
  return r->ids;
}

/* ---- the commands -------------------------------------------------------------------------- */

/* A new text of `tokens` tokens. In an encoder-decoder the encoder reads them and the decoder one. */
static engine_result begin_text(const runner *r, size_t tokens) {
  const int32_t *ids = take_ids(r, tokens);
  engine_kind kind = engine_kind_of(r->engine);
  if (kind == ENGINE_ENCODER) return engine_encode(r->engine, ids, 1, tokens);
  engine_reset(r->engine);
  if (kind == ENGINE_DECODER) return engine_read(r->engine, ids, tokens);
  engine_encode(r->engine, ids, 1, tokens);
  return engine_read(r->engine, ids, 1);
}

static int64_t first_token(const runner *r, const size_t *arguments, const char *path) {
  (void)path;
  begin_text(r, arguments[0]);
  return now_ns();
}

typedef void reading(const runner *r, const size_t *arguments);

/*
 * ns per run, of as many as take `least` ns. The first run does not count where others follow: a system that
 * pages out what is cold (Linux' DAMON) takes memory from an engine that waits for its turn.
 */
static int64_t time_runs(const runner *r, reading *run, const size_t *arguments, int64_t least) {
  int64_t start = now_ns(), passed, runs = 0;
  run(r, arguments);
  if ((passed = now_ns() - start) >= least) return passed;
  start = now_ns();
  do {
    run(r, arguments);
    runs++;
  } while ((passed = now_ns() - start) < least);
  return passed / runs;
}

static void read_prompt(const runner *r, const size_t *arguments) {
  begin_text(r, arguments[0]);
}

static int64_t time_prompt(const runner *r, const size_t *arguments, const char *path) {
  (void)path;
  return time_runs(r, read_prompt, arguments, (int64_t)arguments[1] * NS_PER_MS);
}

static void encode(const runner *r, const size_t *arguments) {
  size_t batch = arguments[0], tokens = arguments[1];
  engine_encode(r->engine, take_ids(r, batch * tokens), batch, tokens);
}

static int64_t time_encoder(const runner *r, const size_t *arguments, const char *path) {
  (void)path;
  return time_runs(r, encode, arguments, (int64_t)arguments[2] * NS_PER_MS);
}

static int64_t time_generation(const runner *r, const size_t *arguments, const char *path) {
  (void)path;
  size_t context = arguments[0], count = arguments[1];
  const int32_t *ids = take_ids(r, context + count);
  begin_text(r, context);
  int64_t start = now_ns();
  for (size_t i = 0; i < count; i++) engine_read(r->engine, ids + context + i, 1);
  return (now_ns() - start) / (int64_t)(count ? count : 1);
}

static int64_t write_result(engine_result result, const char *path) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(result.data, sizeof *result.data, result.count, file) != result.count || fclose(file))
    engine_die("%s cannot be written", path);
  return (int64_t)result.count;
}

/* One token after the text, so that its cache is looked at too. */
static int64_t write_logits(const runner *r, const size_t *arguments, const char *path) {
  const int32_t *ids = take_ids(r, arguments[0] + 1);
  begin_text(r, arguments[0]);
  return write_result(engine_read(r->engine, ids + arguments[0], 1), path);
}

static int64_t write_encoded(const runner *r, const size_t *arguments, const char *path) {
  const int32_t *ids = take_ids(r, arguments[0] * arguments[1]);
  return write_result(engine_encode(r->engine, ids, arguments[0], arguments[1]), path);
}

/* A size that the system states of this process, in kilobytes behind `name`. */
static int64_t stated_bytes(const char *name) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  int64_t kilobytes = -1;
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, name, strlen(name)) == 0) kilobytes = strtoll(line + strlen(name), NULL, 10);
  if (file) fclose(file);
  return kilobytes * 1024;
}

static int64_t most_memory(const runner *r, const size_t *arguments, const char *path) {
  (void)r, (void)arguments, (void)path;
  return stated_bytes("VmHWM:");
}

static int64_t memory_now(const runner *r, const size_t *arguments, const char *path) {
  (void)r, (void)arguments, (void)path;
  return stated_bytes("VmRSS:");
}

static const struct {
  const char *name;
  int number_count;
  bool takes_path;
  int64_t (*run)(const runner *r, const size_t *arguments, const char *path);
} commands[] = {
    {"first", 1, false, first_token},        {"prompt", 2, false, time_prompt},
    {"generate", 2, false, time_generation}, {"encode", 3, false, time_encoder},
    {"logits", 1, true, write_logits},       {"encoded", 2, true, write_encoded},
    {"memory", 0, false, most_memory},       {"resident", 0, false, memory_now},
};

/* ---- the protocol -------------------------------------------------------------------------- */

static void answer(const runner *r, char *line) {
  const char *words[ARGUMENT_CAPACITY + 1] = {0};
  size_t word_count = 0;
  for (char *word = strtok(line, " \n"); word && word_count <= ARGUMENT_CAPACITY; word = strtok(NULL, " \n"))
    words[word_count++] = word;
  for (size_t c = 0; word_count && c < sizeof commands / sizeof *commands; c++) {
    size_t number_count = (size_t)commands[c].number_count,
           wanted = 1 + number_count + commands[c].takes_path;
    if (strcmp(words[0], commands[c].name) || word_count != wanted) continue;
    size_t numbers[ARGUMENT_CAPACITY] = {0};
    for (size_t i = 0; i < number_count; i++) numbers[i] = strtoul(words[1 + i], NULL, 10);
    printf("%" PRId64 "\n", commands[c].run(r, numbers, words[1 + number_count]));
    fflush(stdout);
    return;
  }
  engine_die("there is no such command: %s", word_count ? words[0] : "an empty line");
}

int main(int argc, char **argv) {
  enum { MOST_BATCH = 8 };
  if (argc != 5) engine_die("usage: %s MODEL THREADS VOCABULARY CONTEXT", argv[0]);
  int64_t vocabulary = strtoll(argv[3], NULL, 10);
  engine_options options = {.model = argv[1],
                            .threads = (int)strtol(argv[2], NULL, 10),
                            .context_tokens = (int)strtol(argv[4], NULL, 10)};
  if (options.threads < 1 || options.context_tokens < 1 || vocabulary < 16)
    engine_die("THREADS, VOCABULARY and CONTEXT are whole numbers, VOCABULARY at least 16");
  runner r = {.engine = engine_open(&options), .id_count = (size_t)options.context_tokens * MOST_BATCH};
  r.ids = scattered_ids(r.id_count, vocabulary);
  char line[LINE_CAPACITY];
  while (fgets(line, sizeof line, stdin)) answer(&r, line);
  engine_close(r.engine);
  free(r.ids);
  return 0;
}
