/*
 * tokenize.c: drives the tokenizer for tests.
 *
 *   tokenize FOLDER pairs < RECORDS
 *       Two records are a pair. Prints per pair a line of ids and one of their types. "pairs:MOST:CUT" cuts
 * them to MOST ids; CUT is a number of flags of rt_encode_pair. What cannot be cut so is two empty lines.
 *   tokenize FOLDER origins < RECORDS
 *       Prints per record a line of ids, and a line of BEGIN:END:WORD:CONTINUES of each.
 *   tokenize FOLDER records < RECORDS
 *       Each record: u32 byte count, bytes. Prints per record a line of ids, and a line with the decoded
 * text, special tokens included, in hexadecimal.
 *   tokenize FOLDER speed < TEXT
 *       Prints bytes, ids and MB/s of encoding and decoding.
 *   tokenize FOLDER times < RECORDS
 *       Prints per record its bytes, its ids and the milliseconds that encoding takes, of processor time.
 *   tokenize FOLDER blob
 *       Writes the packed tables to standard output.
 *   tokenize BLOB open < TEXT
 *       Opens any file as packed tables; encodes and decodes if it is accepted.
 *
 * Ends with 1 and a message if the tokenizer is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "text/text.h"
#include "tokenizer/tokenizer.h"

static void read_all(text *input) {
  static char buffer[65536];
  for (size_t count; (count = fread(buffer, 1, sizeof buffer, stdin)) > 0;) text_append(input, buffer, count);
}

static void print_hex(void *user, const char *bytes, size_t count) {
  (void)user;
  for (size_t i = 0; i < count; i++) printf("%02x", (unsigned)(unsigned char)bytes[i]);
}

static void ignore_text(void *user, const char *bytes, size_t count) {
  (void)bytes;
  *(size_t *)user += count;
}

/* The next record of `input`; false at its end or where it is cut short. */
static bool next_record(const text *input, size_t *at, const char **bytes, size_t *count) {
  uint32_t length;
  if (*at + sizeof length > input->count) return false;
  memcpy(&length, input->bytes + *at, sizeof length);
  *at += sizeof length;
  if (length > input->count - *at) return false;
  *bytes = input->bytes + *at;
  *count = length;
  *at += length;
  return true;
}

static void print_numbers(const rt_words *numbers) {
  for (size_t i = 0; i < numbers->count; i++) printf("%s%u", i ? " " : "", (unsigned)numbers->items[i]);
  putchar('\n');
}

static int run_records(rt_encoder *e, const text *input) {
  const char *bytes;
  for (size_t at = 0, count; next_record(input, &at, &bytes, &count);) {
    if (!rt_encode(e, bytes, count, RT_ADD_SPECIAL)) return 1;
    rt_decoder d;
    rt_decoder_init(&d, e->tokenizer, RT_CLEAN_UP);
    print_numbers(&e->ids);
    for (size_t i = 0; i < e->ids.count; i++) rt_decode(&d, e->ids.items[i], print_hex, NULL);
    rt_decode_end(&d, print_hex, NULL);
    putchar('\n');
  }
  return 0;
}

enum { LONG_TEXT = 500000 }; /* needs fewer repeats to be timed */
#define LONG_SECONDS 0.1     /* try again: others may have been busy */

static int run_pairs(rt_encoder *e, const char *mode, const text *input) {
  unsigned long most, cuts = 0;
  if (sscanf(mode, "pairs:%lu:%lu", &most, &cuts) != 2) most = SIZE_MAX;
  rt_pair pair;
  for (size_t at = 0; next_record(input, &at, &pair.first, &pair.first_bytes);) {
    if (!next_record(input, &at, &pair.second, &pair.second_bytes)) return 1;
    bool fits = rt_encode_pair(e, pair, most, RT_ADD_SPECIAL | (unsigned)cuts);
    if (!fits && most == SIZE_MAX) return 1;
    if (!fits) e->ids.count = e->types.count = 0;
    print_numbers(&e->ids);
    print_numbers(&e->types);
  }
  return 0;
}

static int run_origins(rt_encoder *e, const text *input) {
  rt_origins origins = {0};
  const char *bytes;
  for (size_t at = 0, count; next_record(input, &at, &bytes, &count);) {
    if (!rt_encode_traced(e, bytes, count, 0, &origins) || origins.count != e->ids.count) return 1;
    print_numbers(&e->ids);
    for (size_t i = 0; i < origins.count; i++) {
      const rt_origin *o = &origins.items[i];
      printf("%s%u:%u:%u:%d", i ? " " : "", (unsigned)o->begin, (unsigned)o->end, (unsigned)o->word,
             o->continues);
    }
    putchar('\n');
  }
  free(origins.items);
  return 0;
}

static double seconds(void) {
  return (double)clock() / CLOCKS_PER_SEC;
} /* of this process: others may be busy */

static void decode_all(const rt_encoder *e, size_t *bytes) {
  rt_decoder d;
  rt_decoder_init(&d, e->tokenizer, RT_SKIP_SPECIAL | RT_CLEAN_UP);
  for (size_t i = 0; i < e->ids.count; i++) rt_decode(&d, e->ids.items[i], ignore_text, bytes);
  rt_decode_end(&d, ignore_text, bytes);
}

static int run_speed(rt_encoder *e, const text *input) {
  double best_encode = 1e9, best_decode = 1e9;
  int repeats = input->count > LONG_TEXT ? 2 : 5;
  for (int i = 0; i < repeats; i++) {
    size_t decoded = 0;
    double begin = seconds();
    if (!rt_encode(e, input->bytes, input->count, 0)) return 1;
    double middle = seconds();
    decode_all(e, &decoded);
    double end = seconds();
    if (middle - begin < best_encode) best_encode = middle - begin;
    if (end - middle < best_decode) best_decode = end - middle;
  }
  double megabytes = (double)input->count / 1e6;
  printf("%zu bytes, %zu ids, encoding %.1f MB/s, decoding %.1f MB/s\n", input->count, e->ids.count,
         megabytes / best_encode, megabytes / best_decode);
  return 0;
}

static int run_times(rt_encoder *e, const text *input) {
  const char *bytes;
  for (size_t at = 0, count; next_record(input, &at, &bytes, &count);) {
    double best = 1e9;
    for (int i = 0; i < 2 || (i < 6 && best > LONG_SECONDS); i++) {
      double begin = seconds();
      if (!rt_encode(e, bytes, count, 0)) return 1;
      double taken = seconds() - begin;
      if (taken < best) best = taken;
    }
    printf("%zu bytes, %zu ids, %.2f ms\n", count, e->ids.count, best * 1e3);
  }
  return 0;
}

/* What a hostile blob could do: encode and decode with it, whatever comes out. */
static int run_open(rt_encoder *e, const text *input) {
  size_t decoded = 0;
  rt_decoder d;
  rt_decoder_init(&d, e->tokenizer, RT_CLEAN_UP);
  rt_encode_pair(e, (rt_pair){input->bytes, input->bytes, input->count, input->count / 2}, input->count / 4,
                 RT_ADD_SPECIAL);
  for (size_t i = 0; i < e->ids.count; i++)
    if (e->ids.items[i] >= e->tokenizer->header->vocab_size) abort();
  rt_origins origins = {0};
  rt_encode_traced(e, input->bytes, input->count, RT_ADD_SPECIAL, &origins);
  for (size_t i = 0; i < origins.count; i++)
    if (origins.items[i].begin > origins.items[i].end || origins.items[i].end > input->count) abort();
  free(origins.items);
  rt_encode(e, input->bytes, input->count, RT_ADD_SPECIAL);
  for (size_t i = 0; i < e->ids.count; i++) {
    if (e->ids.items[i] >= e->tokenizer->header->vocab_size) abort();
    rt_decode(&d, e->ids.items[i], ignore_text, &decoded);
  }
  for (uint32_t id = 0; id < 100; id++) rt_decode(&d, id, ignore_text, &decoded);
  rt_decode_end(&d, ignore_text, &decoded);
  return 0;
}

static int refuse(const char *file, const char *node, const char *cause) {
  fprintf(stderr, "error: %s: %s: %s\n", file ? file : "", node ? node : "", cause);
  return 1;
}

static int run(const char *mode, const text *blob, const text *input) {
  rt_tokenizer t;
  const char *wrong = rt_tokenizer_open(&t, blob->bytes, blob->count);
  if (wrong) return refuse(NULL, NULL, wrong);
  rt_encoder e;
  rt_encoder_init(&e, &t);
  int result = strcmp(mode, "records") == 0                   ? run_records(&e, input)
               : strncmp(mode, "pairs", strlen("pairs")) == 0 ? run_pairs(&e, mode, input)
               : strcmp(mode, "origins") == 0                 ? run_origins(&e, input)
               : strcmp(mode, "speed") == 0                   ? run_speed(&e, input)
               : strcmp(mode, "times") == 0                   ? run_times(&e, input)
                                                              : run_open(&e, input);
  rt_encoder_free(&e);
  return result;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  arena a = {0};
  text blob = {0}, input = {0};
  tok_summary summary;
  int result = 0;
  bool is_blob = strcmp(argv[2], "open") == 0;
  if (is_blob) {
    file_view file;
    status s = file_map(&a, argv[1], &file);
    if (s) return refuse(s->file, s->node, s->cause);
    text_append(&blob, file.bytes, file.count);
    file_unmap(&file);
  } else {
    status s = tok_compile(&a, argv[1], &blob, &summary);
    if (s) result = refuse(s->file, s->node, s->cause);
  }
  if (!result && strcmp(argv[2], "blob") == 0) {
    fwrite(blob.bytes, 1, blob.count, stdout);
  } else if (!result) {
    read_all(&input);
    result = run(argv[2], &blob, &input);
  }
  text_free(&blob);
  text_free(&input);
  arena_free(&a);
  return result;
}
