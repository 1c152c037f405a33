/*
 * constrain_fuzz.c: any bytes as a grammar, a JSON schema or a regular expression (the first byte says
 * which), over a small vocabulary: made or refused; then tokens are drawn, and at each step the tokens that
 * may come are those that may when each is tried by itself.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include "constrain/constrain.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_STEPS = 24, LONGEST_TEXT = 1 << 12 };

/* The bytes from 1 to 127, with a few words, and the bytes of one character beyond. Made once. */
static const rt_tokenizer *vocabulary(void) {
  static const char *const words[] = {"{\\\"",   "\\\":", "},", "ab", "abc",
                                      "\\\\u00", "  ",    "[1", "10", "\\u00e9"};
  static arena a;
  static text blob;
  static rt_tokenizer t;
  if (t.header) return &t;
  text json = {0};
  char path[] = "/tmp/smelt-fuzz-XXXXXX";
  int file = mkstemp(path);
  uint32_t id = 0;
  text_print(
      &json,
      "{\"added_tokens\":[{\"id\":0,\"content\":\"<end>\",\"special\":true}],\"decoder\":{\"type\":\"Fuse\"},"
      "\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"<end>\",\"vocab\":{\"<end>\":%u",
      id++);
  for (unsigned c = 1; c < 128; c++) text_print(&json, ",\"\\u%04x\":%u", c, id++);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) text_print(&json, ",\"%s\":%u", words[i], id++);
  text_print(&json, "}}}");
  tok_summary summary;
  bool is_made = file >= 0 && write(file, json.bytes, json.count) == (ssize_t)json.count;
  status s = is_made ? tok_compile(&a, path, &blob, &summary) : OK;
  unlink(path);
  if (!is_made || s || rt_tokenizer_open(&t, blob.bytes, blob.count)) {
    fprintf(stderr, "%s\n", s ? s->cause : "no vocabulary");
    abort();
  }
  text_free(&json);
  return &t;
}

/* A set has what trying every token gives; returns one of it, TOK_NONE: there is none. */
static uint32_t check_step(rt_acceptor *a, uint32_t vocab_size, uint64_t *random) {
  const uint64_t *allowed = rt_acceptor_allowed(a);
  uint32_t chosen = TOK_NONE, count = 0;
  for (uint32_t id = 0; id < vocab_size; id++) {
    bool has = allowed[id / 64] >> id % 64 & 1;
    if (has != rt_acceptor_allows(a, id))
      fuzz_finding("a token is allowed in one way and not in the other", OK, NULL);
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    if (has && (*random >> 33) % ++count == 0) chosen = id;
  }
  return chosen;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  const rt_tokenizer *t = vocabulary();
  if (count == 0 || count > LONGEST_TEXT) return 0;
  uint32_t vocab_size = t->header->vocab_size;
  uint64_t random = fuzz_seed(bytes, count);
  char error[RT_ACCEPTOR_ERROR_BYTES] = "";
  rt_acceptor *a = rt_acceptor_create((smelt_constraint_kind)(bytes[0] % 3), (const char *)bytes + 1,
                                      count - 1, t, vocab_size, error);
  if (!a && !error[0]) fuzz_finding("refused without a word", OK, NULL);
  if (!a) return 0;
  for (int i = 0; i < MOST_STEPS; i++) {
    uint32_t token = check_step(a, vocab_size, &random);
    rt_acceptor_may_end(a);
    if (token == TOK_NONE) break;
    rt_acceptor_accept(a, token);
  }
  rt_acceptor_free(a);
  return 0;
}
