/* sample.c: texts as samples; programs run on them, and what they wrote. */
#define _DEFAULT_SOURCE
#include "driver/sample.h"
#include "driver/program.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TOKENS = 128, BYTES_PER_TOKEN = 4, MOST_LINES = 8, ANSWER_TOKENS = 32, SPECIAL_TOKENS = 8 };

static const char built_in[] =
    "The river ran past the old mill before it reached the town.\n"
    "In the morning the miller's daughter opened the gate and let the water in.\n"
    "She counted the sacks, wrote the number in a small book, and waited for her father.\n"
    "\"How many today?\" he asked. \"Twenty-four,\" she said, \"and two that are wet.\"\n"
    "They carried the wet ones up to the loft, where the wind came through the boards.\n"
    "By noon the road was full of carts, and nobody had time to talk about the rain.\n"
    "When the last cart had gone, the wheel stood still, and it was quiet again.\n"
    "That night the river rose by three feet, and in the valley the lights went out.\n";

/* ---- text ---- */

/* The first bytes, no more than `most`, cut between characters of UTF-8. */
static const char *beginning(arena *a, const char *bytes, size_t count, int64_t most) {
  size_t end = (int64_t)count <= most ? count : (size_t)most;
  while (end && end < count && (bytes[end] & 0xc0) == 0x80) end--;
  return arena_format(a, "%.*s", (int)end, bytes);
}

/* A byte is at most one token: cut to what fits, whatever the tokenizer makes of it. */
static void take_text(arena *a, sample *s, const char *bytes, size_t count, int64_t room) {
  s->most_tokens = room - 1 < MOST_TOKENS ? room - 1 : MOST_TOKENS;
  int64_t most = MOST_TOKENS * BYTES_PER_TOKEN, fits = room > SPECIAL_TOKENS ? room - SPECIAL_TOKENS : 1;
  ARENA_PUSH(a, s->words.words, s->words.count, s->words.capacity) =
      beginning(a, bytes, count, most < fits ? most : fits);
}

/* What tokenizers may make nothing of. */
static bool is_blank(const char *bytes, size_t count) {
  size_t i = 0;
  while (i < count && strchr(" \t\r", bytes[i])) i++;
  return i == count;
}

static void take_lines(arena *a, sample *s, const char *bytes, size_t count, int64_t room) {
  int64_t fits = room > SPECIAL_TOKENS ? room - SPECIAL_TOKENS : 1;
  while (count && s->words.count < MOST_LINES) {
    const char *end = memchr(bytes, '\n', count);
    size_t length = end ? (size_t)(end - bytes) : count;
    if (!is_blank(bytes, length))
      ARENA_PUSH(a, s->words.words, s->words.count, s->words.capacity) = beginning(a, bytes, length, fits);
    bytes += length + (end != NULL);
    count -= length + (end != NULL);
  }
}

static status take_words(arena *a, const compilation *c, sample *s, const char *bytes, size_t count) {
  const smelt_manifest_generation *g = &c->generation;
  s->vocab_size = g->vocab_size;
  if (s->kind == SAMPLE_TEXT) {
    take_text(a, s, bytes, count, g->max_tokens);
  } else {
    take_lines(a, s, bytes, count, g->max_encoder_tokens);
    s->most_tokens = g->max_tokens - g->forced_token_count - 1;
    if (s->most_tokens > ANSWER_TOKENS) s->most_tokens = ANSWER_TOKENS;
  }
  if (s->most_tokens >= 1 && s->words.count && *s->words.words[0]) return OK;
  return fail(a, STATUS_INPUT, "there is no text to compare on");
}

status sample_take(arena *a, compilation *c, const char *path, sample *s) {
  const smelt_manifest_generation *g = &c->generation;
  *s = (sample){.source = path ? path : "the built-in text"};
  if (!c->is_generator) {
    if (path) return fail(a, STATUS_USAGE, "--report-text: the model reads no text");
    s->kind = SAMPLE_ARRAYS;
    s->source = "random inputs";
    return sample_fill_arrays(a, c, s);
  }
  bool has_encoder = g->encode_entry != SMELT_NONE;
  s->kind = has_encoder ? SAMPLE_ANSWERS : SAMPLE_TEXT;
  if (has_encoder && !g->max_encoder_tokens)
    return fail(a, STATUS_USAGE, "--report has no sample for an encoder that reads features");
  if (!path) return take_words(a, c, s, built_in, sizeof built_in - 1);
  file_view file;
  TRY(file_map(a, path, &file));
  const char *bytes = (const char *)file.bytes;
  status failed = fail_file(a, take_words(a, c, s, bytes, file.count ? strnlen(bytes, file.count) : 0), path);
  file_unmap(&file);
  return failed;
}

void sample_end(sample *s) {
  for (size_t i = 0; i < s->input_count; i++) close(s->inputs[i]);
}

/* ---- running ---- */

static status run(arena *a, int program, const char **argv, int output) {
  int code;
  TRY(program_run(a, program, argv, output, &code));
  if (!code) return OK;
  const char *level = getenv("SMELT_CPU"); /* of which the program has said what is wrong with it */
  if (level && (code == STATUS_INPUT || code == STATUS_USAGE))
    return fail_hint(a, fail(a, STATUS_INPUT, "the program does not run with SMELT_CPU=%s", level),
                     "unset it");
  return fail(a, STATUS_DEFECT, "the program ended with %d on the sample", code);
}

/* What the file holds, mapped. */
static status map_file(arena *a, int file, sample_piece *piece) {
  struct stat info;
  if (fstat(file, &info) || info.st_size < 1) return fail(a, STATUS_DEFECT, "the program wrote no result");
  piece->mapped_bytes = (size_t)info.st_size;
  piece->mapping = mmap(NULL, piece->mapped_bytes, PROT_READ, MAP_PRIVATE, file, 0);
  if (piece->mapping != MAP_FAILED) return OK;
  piece->mapping = NULL;
  return fail(a, STATUS_INPUT, "the program's result cannot be read");
}

static void read_ids(arena *a, const char *at, size_t count, sample_piece *piece) {
  const char *bytes = arena_format(a, "%.*s", (int)count, at);
  size_t capacity = 0, made = 0;
  for (char *end; *bytes; bytes = end) {
    long id = strtol(bytes, &end, 10);
    if (end == bytes) break;
    ARENA_PUSH(a, piece->ids, made, capacity) = (int32_t)id;
  }
  piece->id_count = (int64_t)made;
}

/* Runs the program, which writes ids to its standard output. */
static status run_for_ids(arena *a, int program, const char **argv, sample_piece *piece) {
  int file;
  sample_piece written = {0};
  TRY(program_scratch(a, &file));
  status s = run(a, program, argv, file);
  if (!s) s = map_file(a, file, &written);
  if (!s) read_ids(a, written.mapping, written.mapped_bytes, piece);
  if (written.mapping) munmap(written.mapping, written.mapped_bytes);
  close(file);
  return s;
}

status sample_tokenise(arena *a, sample *s, int program) {
  if (s->kind != SAMPLE_TEXT) return OK;
  sample_piece piece = {0};
  const char *argv[] = {"program", "-p", s->words.words[0], "-n", "1", "--ids", "--echo",
                        "--temp",  "0",  "--ignore-eos",    NULL};
  TRY(run_for_ids(a, program, argv, &piece));
  piece.id_count--; /* the one that was generated */
  if (piece.id_count < 1) return fail(a, STATUS_DEFECT, "the program wrote no token ids");
  if (piece.id_count < s->most_tokens) s->most_tokens = piece.id_count;
  text ids = {0};
  for (int64_t i = 0; i < s->most_tokens; i++) text_print(&ids, "%d ", (int)piece.ids[i]);
  s->words.words[0] = arena_text(a, ids.bytes);
  text_free(&ids);
  return OK;
}

/* Logits of the text, or of the answer to a line. */
static status run_words(arena *a, const sample *s, const char *words, int program, sample_piece *piece) {
  int logits;
  bool is_text = s->kind == SAMPLE_TEXT;
  TRY(program_scratch(a, &logits));
  const char *argv[] = {"program",
                        is_text ? "--prompt-ids" : "-p",
                        words,
                        "-n",
                        arena_format(a, "%d", is_text ? 1 : (int)s->most_tokens),
                        "--logits",
                        arena_format(a, "/proc/self/fd/%d", logits),
                        "--ids",
                        "--temp",
                        "0",
                        "--repeat-penalty",
                        "1",
                        "--ignore-eos",
                        NULL};
  status failed = run_for_ids(a, program, argv, piece);
  if (!failed) failed = map_file(a, logits, piece);
  close(logits);
  TRY(failed);
  if (is_text) read_ids(a, words, strlen(words), piece);
  piece->columns = s->vocab_size;
  piece->rows = piece->mapping;
  piece->row_count = (int64_t)(piece->mapped_bytes / sizeof(float)) / piece->columns;
  return OK;
}

/* The array in a .npy file that a program wrote: version 1.0, sizes in front of ")". */
static status find_array(arena *a, sample_piece *piece) {
  const uint8_t *bytes = piece->mapping;
  size_t start = piece->mapped_bytes < 10 ? 0 : 10 + (size_t)(bytes[8] | bytes[9] << 8);
  if (!start || start > piece->mapped_bytes) return fail(a, STATUS_DEFECT, "the program wrote no array");
  const char *header = arena_format(a, "%.*s", (int)(start - 10), (const char *)bytes + 10);
  int64_t count = (int64_t)((piece->mapped_bytes - start) / sizeof(float)), last = 1;
  const char *at = strchr(header, '(');
  for (char *end; at && *at && *at != ')'; at = end) {
    last = strtoll(at + 1, &end, 10); /* behind "(", or behind the "," of "4, " */
    if (end == at + 1) break;
    if (*end == ',' && end[1] == ' ' && end[2] == ')') break;
  }
  piece->rows = (const float *)(const void *)(bytes + start);
  piece->columns = last > 0 ? last : 1;
  piece->row_count = count / piece->columns;
  return OK;
}

static status run_arrays(arena *a, const sample *s, int program, sample_result *result) {
  size_t count = s->outputs.count;
  const char **argv = ARENA_ARRAY(a, const char *, s->words.count + 2 * count + 2);
  int *files = ARENA_ARRAY(a, int, count), made = 0;
  status failed = OK;
  argv[0] = "program";
  memcpy(argv + 1, s->words.words, s->words.count * sizeof *argv);
  for (size_t i = 0; i < count && !failed; i++) {
    failed = program_scratch(a, &files[i]);
    if (failed) break;
    made++;
    argv[1 + s->words.count + 2 * i] = "--output";
    argv[2 + s->words.count + 2 * i] = arena_format(a, "%s=/proc/self/fd/%d", s->outputs.words[i], files[i]);
  }
  if (!failed) failed = run(a, program, argv, -1);
  for (int i = 0; i < made && !failed; i++) {
    sample_piece *piece = &ARENA_PUSH(a, result->pieces, result->count, result->capacity);
    *piece = (sample_piece){0};
    failed = map_file(a, files[i], piece);
    if (!failed) failed = find_array(a, piece);
  }
  for (int i = 0; i < made; i++) close(files[i]);
  return failed;
}

status sample_ids(arena *a, const sample *s, size_t line, int program, sample_piece *ids) {
  const char *words = s->words.words[line];
  *ids = (sample_piece){0};
  if (s->kind == SAMPLE_ANSWERS)
    return run_for_ids(a, program, (const char *[]){"program", "tokenize", "-p", words, NULL}, ids);
  read_ids(a, words, strlen(words), ids);
  return OK;
}

/* --input NAME=FILE with the reading's ids; *file is the caller's to close. An entry of one token has the
 * first. */
static status add_ids(arena *a, const sample_reading *r, int *file, const char ***end) {
  int64_t dims[] = {1, strcmp(r->entry, "decode") == 0 ? 1 : r->count};
  int64_t *ids = ARENA_ARRAY(a, int64_t, (size_t)r->count);
  for (int64_t i = 0; i < dims[1]; i++) ids[i] = r->ids[i];
  TRY(sample_write_array(a, "<i8", dims, 2, ids, (size_t)dims[1] * sizeof *ids, file));
  *(*end)++ = "--input";
  *(*end)++ = arena_format(a, "%s=/proc/self/fd/%d", r->input, *file);
  return OK;
}

status sample_losses(arena *a, const sample *s, int program, const sample_reading *readings, size_t count,
                     sample_piece *losses) {
  int files[SAMPLE_MOST_READINGS], file_count = 0, losses_file = -1;
  const char **argv = ARENA_ARRAY(a, const char *, s->words.count + 2 * count + 8), **end = argv;
  status failed = OK;
  *end++ = "program";
  *end++ = "--entry";
  *end++ = readings[count - 1].entry;
  for (size_t i = 0; i < count && readings[i].ids && !failed; i++) {
    failed = add_ids(a, &readings[i], &files[file_count], &end);
    file_count += !failed;
  }
  for (size_t i = 0; !readings[0].ids && i < s->words.count; i++) *end++ = s->words.words[i];
  if (!failed) failed = program_scratch(a, &losses_file);
  if (!failed) {
    *end++ = "--output";
    *end++ = arena_format(a, "losses=/proc/self/fd/%d", losses_file);
    failed = run(a, program, argv, -1);
    if (!failed) failed = map_file(a, losses_file, losses);
    if (!failed) failed = find_array(a, losses);
    close(losses_file);
  }
  while (file_count > 0) close(files[--file_count]);
  return failed;
}

status sample_run(arena *a, const sample *s, int program, sample_result *result) {
  *result = (sample_result){0};
  if (s->kind == SAMPLE_ARRAYS) return run_arrays(a, s, program, result);
  for (size_t i = 0; i < s->words.count; i++) {
    sample_piece *piece = &ARENA_PUSH(a, result->pieces, result->count, result->capacity);
    *piece = (sample_piece){0};
    TRY(run_words(a, s, s->words.words[i], program, piece));
  }
  return OK;
}

void sample_drop(sample_result *result) {
  for (size_t i = 0; i < result->count; i++)
    if (result->pieces[i].mapping) munmap(result->pieces[i].mapping, result->pieces[i].mapped_bytes);
  *result = (sample_result){0};
}

/* ---- comparing ---- */

/* Rows of the decoder's start, one per token of the answer but the last, which is not read. */
static int64_t common_rows(const sample_piece *x, const sample_piece *y) {
  int64_t equal = 0, start = x->row_count - (x->id_count - 1);
  while (equal < x->id_count && equal < y->id_count && x->ids[equal] == y->ids[equal]) equal++;
  return start + equal < x->row_count ? start + equal : x->row_count;
}

status sample_compare(arena *a, const sample *s, const sample_result *wanted, const sample_result *found,
                      agreement *sums) {
  *sums = (agreement){0};
  for (size_t i = 0; i < wanted->count; i++) {
    const sample_piece *x = &wanted->pieces[i], *y = &found->pieces[i];
    if (i >= found->count || x->columns != y->columns || x->row_count != y->row_count)
      return fail(a, STATUS_DEFECT, "the programs' results differ in size");
    int64_t rows = s->kind == SAMPLE_ANSWERS ? common_rows(x, y) : x->row_count;
    for (int64_t r = 0; r < rows; r++) {
      int64_t next = s->kind == SAMPLE_TEXT && r + 1 < x->id_count ? x->ids[r + 1] : -1;
      agreement_add(sums, x->rows + r * x->columns, y->rows + r * x->columns, x->columns, next);
    }
  }
  return OK;
}
