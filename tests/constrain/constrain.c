/*
 * constrain.c: drives constraints for tests, without a model: tokens are drawn at random from those allowed.
 *
 *   constrain FOLDER KIND FILE match < RECORDS      Each record: u32 byte count, bytes. Prints "yes" or "no".
 *   constrain FOLDER KIND FILE write COUNT SEED     Writes COUNT texts that came to their end, as records.
 *   constrain FOLDER KIND FILE exact STEPS SEED     Compares each step's tokens with trying every one.
 *   constrain FOLDER KIND FILE speed STEPS SEED     Prints what a step takes that is met for the first time.
 *
 * FOLDER has a tokenizer, KIND is grammar, json-schema or regex, FILE the constraint's text. Ends with 1 and
 * a message if either is refused.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "constrain/constrain.h"
#include "tokenizer/tokenizer.h"

static const char *const kinds[] = {
    [SMELT_GRAMMAR] = "grammar", [SMELT_JSON_SCHEMA] = "json-schema", [SMELT_REGEX] = "regex"};

typedef struct {
  rt_tokenizer tokenizer;
  rt_acceptor *acceptor;
  uint32_t vocab_size;
  uint64_t random;
  uint32_t *tokens; /* of the text at hand */
  uint32_t count;
  smelt_constraint_kind kind;
  file_view file;
  char error[RT_ACCEPTOR_ERROR_BYTES];
} run;

enum { MOST_TOKENS = 400, TIMED_ROUNDS = 3 };

/* NULL: r->error says why. */
static void make_acceptor(run *r) {
  r->acceptor = rt_acceptor_create(r->kind, (const char *)r->file.bytes, r->file.count, &r->tokenizer,
                                   r->vocab_size, r->error);
}

/* Of this thread: others may be busy. */
static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

/* xorshift64*: any order will do. */
static uint32_t draw(run *r, uint32_t below) {
  r->random ^= r->random >> 12;
  r->random ^= r->random << 25;
  r->random ^= r->random >> 27;
  return (uint32_t)((r->random * 0x2545f4914f6cdd1du) >> 32) % below;
}

static uint32_t count_bits(const uint64_t *bits, uint32_t words) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < words; i++) count += (uint32_t)__builtin_popcountll(bits[i]);
  return count;
}

/* One of the tokens of a set, or TOK_NONE. */
static uint32_t pick(run *r, const uint64_t *allowed) {
  uint32_t words = (r->vocab_size + 63) / 64, count = count_bits(allowed, words);
  if (count == 0) return TOK_NONE;
  uint32_t left = draw(r, count);
  for (uint32_t id = 0; id < r->vocab_size; id++)
    if (allowed[id / 64] >> id % 64 & 1 && left-- == 0) return id;
  return TOK_NONE;
}

static void append(void *user, const char *bytes, size_t count) {
  text_append(user, bytes, count);
}

static void decode_all(const run *r, text *to) {
  rt_decoder d;
  rt_decoder_init(&d, &r->tokenizer, RT_SKIP_SPECIAL);
  for (uint32_t i = 0; i < r->count; i++) rt_decode(&d, r->tokens[i], append, to);
  rt_decode_end(&d, append, to);
}

static int match_records(run *r) {
  static char buffer[1 << 20];
  uint32_t count;
  while (fread(&count, sizeof count, 1, stdin) == 1) {
    if (count > sizeof buffer || fread(buffer, 1, count, stdin) != count) return 1;
    puts(rt_acceptor_matches(r->acceptor, buffer, count) ? "yes" : "no");
  }
  return 0;
}

/* Draws until the text ends; false where it grew too long, or nothing is allowed. */
static bool write_text(run *r) {
  rt_acceptor_reset(r->acceptor, NULL);
  for (r->count = 0; r->count < MOST_TOKENS;) {
    const uint64_t *allowed = rt_acceptor_allowed(r->acceptor);
    uint32_t token = pick(r, allowed);
    bool may_end = rt_acceptor_may_end(r->acceptor);
    if (may_end && (token == TOK_NONE || draw(r, 8) == 0)) return true;
    if (token == TOK_NONE) {
      fprintf(stderr, "nothing is allowed after %u tokens\n", r->count);
      exit(1);
    }
    rt_acceptor_accept(r->acceptor, token);
    r->tokens[r->count++] = token;
  }
  return false;
}

static int write_texts(run *r, int wanted) {
  for (int tries = 0; wanted > 0 && tries < 1000; tries++) {
    if (!write_text(r)) continue;
    text t = {0};
    decode_all(r, &t);
    uint32_t count = (uint32_t)t.count;
    fwrite(&count, sizeof count, 1, stdout);
    fwrite(t.bytes, 1, t.count, stdout);
    text_free(&t);
    wanted--;
  }
  if (wanted > 0) fprintf(stderr, "too few texts came to an end\n");
  return wanted > 0;
}

/* The mask against every token by itself. */
static int compare(run *r, const uint64_t *allowed) {
  for (uint32_t id = 0; id < r->vocab_size; id++) {
    bool has = allowed[id / 64] >> id % 64 & 1, should = rt_acceptor_allows(r->acceptor, id);
    if (has == should) continue;
    fprintf(stderr, "after %u tokens: token %u is %s\n", r->count, id, has ? "allowed" : "not allowed");
    return 1;
  }
  return 0;
}

static int check_steps(run *r, int steps) {
  int texts = 0, ends = 0;
  while (steps > 0) {
    rt_acceptor_reset(r->acceptor, NULL);
    texts++;
    for (r->count = 0; r->count < MOST_TOKENS && steps-- > 0; r->count++) {
      const uint64_t *allowed = rt_acceptor_allowed(r->acceptor);
      if (compare(r, allowed)) return 1;
      uint32_t token = pick(r, allowed);
      bool may_end = rt_acceptor_may_end(r->acceptor);
      if (token == TOK_NONE && !may_end) fprintf(stderr, "nothing is allowed after %u tokens\n", r->count);
      if (token == TOK_NONE && !may_end) return 1;
      if (may_end && (token == TOK_NONE || draw(r, 8) == 0)) break;
      rt_acceptor_accept(r->acceptor, token);
    }
    ends += r->count < MOST_TOKENS;
  }
  printf("%d texts, %d came to an end\n", texts, ends);
  return 0;
}

static int by_value(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return a < b ? -1 : a > b;
}

/* A step is the set of tokens, whether the text may end, and going on by a token. Keeps the lower of times.
 */
static uint32_t time_texts(run *r, double *times, int steps) {
  uint32_t texts = 0;
  for (int i = 0; i < steps;) {
    rt_acceptor_reset(r->acceptor, NULL);
    texts++;
    for (r->count = 0; r->count < MOST_TOKENS && i < steps; r->count++, i++) {
      double begin = now_us();
      const uint64_t *allowed = rt_acceptor_allowed(r->acceptor);
      bool may_end = rt_acceptor_may_end(r->acceptor);
      double middle = now_us();
      uint32_t token = pick(r, allowed);
      if (token == TOK_NONE || (may_end && draw(r, 8) == 0)) break;
      double end = now_us();
      rt_acceptor_accept(r->acceptor, token);
      double taken = middle - begin + now_us() - end;
      if (taken < times[i]) times[i] = taken;
    }
  }
  return texts;
}

/*
 * The same steps several times, each time with an acceptor that was just made and so comes to each place for
 * the first time: the machine may be busy, but not at the same step each time.
 */
static int time_steps(run *r, int steps) {
  double *times = calloc((size_t)steps, sizeof *times), sum = 0, made = 1e9;
  uint64_t random = r->random;
  uint32_t texts = 0;
  for (int i = 0; i < steps; i++) times[i] = 1e9;
  for (int i = 0; i < TIMED_ROUNDS; i++) {
    rt_acceptor_free(r->acceptor);
    double begin = now_us();
    make_acceptor(r);
    if (now_us() - begin < made) made = now_us() - begin;
    r->random = random;
    texts = time_texts(r, times, steps);
  }
  for (int i = 0; i < steps; i++) sum += times[i];
  qsort(times, (size_t)steps, sizeof *times, by_value);
  printf("made in %.1f ms; %d steps, %u texts: mean %.1f us, median %.1f us, 99%% %.1f us, worst %.1f us\n",
         made / 1e3, steps, texts, sum / steps, times[steps / 2], times[(size_t)steps * 99 / 100],
         times[steps - 1]);
  free(times);
  return 0;
}

static int refuse(const char *what, const char *cause) {
  fprintf(stderr, "error: %s: %s\n", what, cause);
  return 1;
}

static int run_mode(run *r, const char *mode, int number) {
  if (strcmp(mode, "match") == 0) return match_records(r);
  if (strcmp(mode, "write") == 0) return write_texts(r, number);
  if (strcmp(mode, "exact") == 0) return check_steps(r, number);
  return time_steps(r, number);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  arena a = {0};
  text blob = {0};
  tok_summary summary;
  run r = {.random = argc > 6 ? strtoull(argv[6], NULL, 10) * 2 + 1 : 1};
  status s = tok_compile(&a, argv[1], &blob, &summary);
  if (!s) s = file_map(&a, argv[3], &r.file);
  if (s) return refuse(s->file ? s->file : "", s->cause);
  const char *wrong = rt_tokenizer_open(&r.tokenizer, blob.bytes, blob.count);
  if (wrong) return refuse(argv[1], wrong);
  r.vocab_size = r.tokenizer.header->vocab_size;
  r.tokens = calloc(MOST_TOKENS, sizeof *r.tokens);
  while (r.kind < SMELT_REGEX && strcmp(kinds[r.kind], argv[2]) != 0) r.kind++;
  make_acceptor(&r);
  int result = r.acceptor ? run_mode(&r, argv[4], argc > 5 ? atoi(argv[5]) : 0) : refuse(argv[3], r.error);
  rt_acceptor_free(r.acceptor);
  free(r.tokens);
  file_unmap(&r.file);
  text_free(&blob);
  arena_free(&a);
  return result;
}
