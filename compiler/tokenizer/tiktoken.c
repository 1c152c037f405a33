/*
 * tiktoken.c: files of ranks, a line "BASE64 RANK" a token, in which any two neighbours merge that together
 * are a token. What splits the text is not in the file: its name says that, and tokenizer_config.json which
 * tokens are special.
 */
#include "tokenizer/source.h"

#include <string.h>

/* ---- encodings ------------------------------------------------------------------------------------- */

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define GPT2_PATTERN "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define CL100K_PATTERN                                                                                       \
  CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"    \
               "\\s+(?!\\S)|\\s+"
#define O200K_UPPER "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}"
#define O200K_LOWER "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"
#define O200K_PATTERN                                                                                        \
  "[^\\r\\n\\p{L}\\p{N}]?[" O200K_UPPER "]*[" O200K_LOWER "]+" CONTRACTIONS                                  \
  "?|[^\\r\\n\\p{L}\\p{N}]?[" O200K_UPPER "]+[" O200K_LOWER "]*" CONTRACTIONS                                \
  "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"                                                           \
  "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

typedef struct {
  const char *name; /* of the file, less ".tiktoken" */
  const char *pattern;
  struct {
    const char *content;
    uint32_t id;
  } specials[5];
} encoding;

static const encoding encodings[] = {
    {"gpt2", GPT2_PATTERN, {{"<|endoftext|>", 50256}}},
    {"r50k_base", GPT2_PATTERN, {{"<|endoftext|>", 50256}}},
    {"p50k_base", GPT2_PATTERN, {{"<|endoftext|>", 50256}}},
    {"cl100k_base",
     CL100K_PATTERN,
     {{"<|endoftext|>", 100257},
      {"<|fim_prefix|>", 100258},
      {"<|fim_middle|>", 100259},
      {"<|fim_suffix|>", 100260},
      {"<|endofprompt|>", 100276}}},
    {"o200k_base", O200K_PATTERN, {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
    {"tokenizer.model", CL100K_PATTERN, {{NULL, 0}}}, /* Llama 3 */
};
enum { ENCODINGS = sizeof encodings / sizeof *encodings };

const char *tok_encoding_name(size_t i) {
  return i < ENCODINGS ? encodings[i].name : NULL;
}

static status find_encoding(arena *a, const char *file, const encoding **found) {
  const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
  for (size_t i = 0; i < ENCODINGS; i++) {
    size_t count = strlen(encodings[i].name);
    if (strncmp(name, encodings[i].name, count) != 0) continue;
    if (strcmp(name + count, ".tiktoken") != 0 && name[count]) continue;
    *found = &encodings[i];
    return OK;
  }
  status s = fail(a, STATUS_INPUT,
                  "the file's name is no known encoding's, so that its way of splitting is unknown");
  return fail_expected(a, s,
                       "cl100k_base.tiktoken, o200k_base, p50k_base, r50k_base or gpt2, or tokenizer.model");
}

/* ---- lines -------------------------------------------------------------------------------------------- */

static int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* False where it is no base64, or nothing. */
static bool decode_base64(arena *a, tok_string coded, tok_string *bytes) {
  char *result = arena_alloc(a, coded.count + 1);
  size_t count = 0, digits = coded.count;
  uint32_t bits = 0;
  while (digits && coded.bytes[digits - 1] == '=') digits--;
  for (size_t i = 0; i < digits; i++) {
    int value = base64_value(coded.bytes[i]);
    if (value < 0) return false;
    bits = bits << 6 | (uint32_t)value;
    if (i % 4) result[count++] = (char)(bits >> (6 - 2 * (i % 4)));
  }
  *bytes = (tok_string){result, count};
  return count && coded.count % 4 == 0 && coded.count - digits <= 2;
}

static bool read_rank(tok_string digits, uint32_t *rank) {
  *rank = 0;
  for (size_t i = 0; i < digits.count; i++) {
    if (digits.bytes[i] < '0' || digits.bytes[i] > '9' || *rank >= TOK_MAX_IDS) return false;
    *rank = 10 * *rank + (uint32_t)(digits.bytes[i] - '0');
  }
  return digits.count && *rank < TOK_MAX_IDS;
}

static status read_lines(arena *a, const file_view *file, tok_ranked **tokens, size_t *count) {
  size_t at = 0, capacity = 0;
  tok_string line;
  for (int number = 1; tok_next_line(file, &at, &line); number++) {
    tok_ranked token = {0};
    const char *space = memchr(line.bytes, ' ', line.count);
    if (!line.count) continue;
    tok_string coded = {line.bytes, space ? (size_t)(space - line.bytes) : 0};
    tok_string digits = {line.bytes + coded.count + 1, space ? line.count - coded.count - 1 : 0};
    if (!space || !decode_base64(a, coded, &token.bytes) || !read_rank(digits, &token.rank))
      return fail_node(a, fail(a, STATUS_INPUT, "a line is a token in base64, a space and its rank"),
                       "line %d", number);
    ARENA_PUSH(a, *tokens, *count, capacity) = token;
  }
  return *count ? OK : fail(a, STATUS_INPUT, "there are no tokens in it");
}

/* ---- the document
 * ------------------------------------------------------------------------------------------ */

static status fill_vocabulary(arena *a, const tok_ranked *tokens, size_t count, json_t *vocab) {
  bool *taken = ARENA_ARRAY(a, bool, TOK_MAX_IDS), has_byte[256] = {false};
  for (size_t i = 0; i < count; i++) {
    if (taken[tokens[i].rank])
      return fail(a, STATUS_INPUT, "two tokens have the rank %u", (unsigned)tokens[i].rank);
    taken[tokens[i].rank] = true;
    if (tokens[i].bytes.count == 1) has_byte[(uint8_t)tokens[i].bytes.bytes[0]] = true;
    json_object_set_new(vocab, tok_byte_level_spelling(a, tokens[i].bytes),
                        json_integer((json_int_t)tokens[i].rank));
  }
  for (int byte = 0; byte < 256; byte++)
    if (!has_byte[byte]) return fail(a, STATUS_INPUT, "no token is the byte 0x%02x", (unsigned)byte);
  return OK;
}

static json_t *list_merges(arena *a, const tok_ranked *tokens, size_t count) {
  size_t merge_count;
  uint32_t *order = tok_merge_order(a, tokens, count, &merge_count);
  json_t *merges = json_array();
  for (size_t i = 0; i < merge_count; i++) {
    const tok_ranked *token = &tokens[order[i]];
    json_array_append_new(merges, json_pack("[s, s]", tok_byte_level_spelling(a, tokens[token->left].bytes),
                                            tok_byte_level_spelling(a, tokens[token->right].bytes)));
  }
  return merges;
}

static json_t *make_document(const char *pattern, json_t *vocab, json_t *merges) {
  json_t *split = json_pack("{s:s, s:{s:s}, s:s, s:b}", "type", "Split", "pattern", "Regex", pattern,
                            "behavior", "Isolated", "invert", false);
  json_t *bytes =
      json_pack("{s:s, s:b, s:b}", "type", "ByteLevel", "add_prefix_space", false, "use_regex", false);
  return json_pack("{s:{s:s, s:b, s:o, s:o}, s:{s:s}, s:{s:s, s:[o, o]}}", "model", "type", "BPE",
                   "ignore_merges", true, "vocab", vocab, "merges", merges, "decoder", "type", "ByteLevel",
                   "pre_tokenizer", "type", "Sequence", "pretokenizers", split, bytes);
}

status tok_read_tiktoken(arena *a, const file_view *file, tok_source *source) {
  tok_ranked *tokens = NULL;
  size_t count = 0;
  const encoding *named;
  TRY(find_encoding(a, source->file, &named));
  TRY(read_lines(a, file, &tokens, &count));
  json_t *vocab = json_object();
  source->document = make_document(named->pattern, vocab, json_array());
  TRY(fill_vocabulary(a, tokens, count, vocab));
  TRY(tok_find_merges(a, tokens, count, true));
  json_object_set_new(json_object_get(source->document, "model"), "merges", list_merges(a, tokens, count));
  TRY(tok_add_listed_tokens(a, source));
  for (size_t i = 0; i < sizeof named->specials / sizeof *named->specials && named->specials[i].content; i++)
    tok_add_source_token(source, named->specials[i].id, named->specials[i].content, TOK_SPECIAL, false);
  const char *begin = tok_config_token(source, "bos_token", NULL);
  if (begin && tok_config_flag(source, "add_bos_token", !named->specials[0].content))
    tok_set_template(source, "bA", "bAbB", &(tok_template_tokens){.before = begin}, false);
  return OK;
}
