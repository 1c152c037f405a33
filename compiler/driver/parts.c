/* parts.c: which parts of the runtime's command line a program has: those that its model can use, but for
 * what --without leaves out. */
#include "driver/parts.h"
#include "driver/storage.h"

#include <string.h>

/* ---- --without ---- */

static const char *const part_names[] = {"constraints", "beams", "lines", "score",
                                         "tokenize",    "chat",  "bench", "prefill"};

/* The next word of a list and its length; *list goes behind it. */
static const char *next_word(const char **list, size_t *length) {
  const char *word = *list;
  *length = strcspn(word, ",");
  *list = word + *length + (word[*length] == ',');
  return word;
}

static bool is_word(const char *word, size_t length, const char *name) {
  return strlen(name) == length && memcmp(word, name, length) == 0;
}

bool parts_lack(const driver_options *options, const char *part) {
  const char *list = options->without ? options->without : "";
  while (*list) {
    size_t length;
    const char *word = next_word(&list, &length);
    if (is_word(word, length, part) || is_word(word, length, "all")) return true;
  }
  return false;
}

static bool is_known(const char *word, size_t length) {
  for (size_t i = 0; i < sizeof part_names / sizeof *part_names; i++)
    if (is_word(word, length, part_names[i])) return true;
  return is_word(word, length, "all");
}

status parts_check(arena *a, const driver_options *options, const char *form) {
  if (!options->without) return OK;
  if (strcmp(form, "exe") != 0)
    return fail_expected(a, fail(a, STATUS_USAGE, "--without is of programs, --emit got '%s'", form), "exe");
  const char *list = options->without;
  do {
    size_t length;
    const char *word = next_word(&list, &length);
    if (is_known(word, length)) continue;
    text names = {0};
    for (size_t i = 0; i < sizeof part_names / sizeof *part_names; i++)
      text_print(&names, "%s%s", i ? ", " : "", part_names[i]);
    status s = fail(a, STATUS_USAGE, "--without got '%.*s'", (int)length, word);
    s = fail_expected(a, s, "%s or all, with commas between", names.bytes);
    text_free(&names);
    return s;
  } while (*list);
  return OK;
}

/* ---- what is linked ---- */

/* What the program can do, as app_abilities (runtime/app/commands.c) finds it in the manifest. */
void parts_add(const compilation *c, link_job *job) {
  bool reads = c->tokenizer.count != 0, writes = reads && c->is_generator && !c->folder.encoder;
  bool encodes = c->is_generator && c->folder.encoder;
  bool takes_features = encodes && !c->generation.max_encoder_tokens;
  bool answers = reads && encodes && !takes_features;
  unsigned heads = c->reads_text ? 1u << c->reader.head : 0,
           seen = c->reads_images ? 1u << c->reader.head : 0;
  const struct {
    const char *function;
    bool is_needed;
    const char *part; /* the word of --without that leaves it out; NULL: none does */
  } parts[] = {
      {"app_bench", c->target->os != CODEGEN_WASI, "bench"},
      {"app_write_profile", c->target->os != CODEGEN_WASI, "bench"},
      {"app_generate", c->is_generator, NULL},
      {"app_take_constraint", c->is_generator, "constraints"},
      {"rt_beam_search", c->is_generator, "beams"},
      {"app_generate_lines", c->is_generator, "lines"},
      {"app_weights_options", storage_source(c->options) != NULL, NULL},
      {"app_read_files", !c->is_generator, NULL},
      {"npy_put_in_order", !c->is_generator || takes_features, NULL},
      {"app_work_on_batches", c->reads_text && c->reader.most_rows > 1, NULL},
      {"app_tokenize", reads, "tokenize"},
      {"app_detokenize", reads, "tokenize"},
      {"app_transcribe", c->hears, NULL},
      {"app_chat", writes && c->chat.count, "chat"},
      {"app_score", writes || answers || (heads & 1u << SMELT_HEAD_NEXT_TOKENS), "score"},
      {"app_score_answer", answers, "score"},
      {"app_takes_lines", answers, NULL},
      {"app_embed", heads & (1u << SMELT_HEAD_STATES | 1u << SMELT_HEAD_VECTOR), NULL},
      {"app_similar", heads & (1u << SMELT_HEAD_STATES | 1u << SMELT_HEAD_VECTOR), NULL},
      {"app_classify_images", seen & 1u << SMELT_HEAD_LABELS, NULL},
      {"app_match_images", seen & 1u << SMELT_HEAD_MATCHES, NULL},
      {"app_embed_images", seen & (1u << SMELT_HEAD_STATES | 1u << SMELT_HEAD_VECTOR), NULL},
      {"app_classify", heads & 1u << SMELT_HEAD_LABELS, NULL},
      {"app_tag", heads & 1u << SMELT_HEAD_TOKEN_LABELS, NULL},
      {"app_fill", heads & 1u << SMELT_HEAD_FILLINGS, NULL},
      {"app_answer", heads & 1u << SMELT_HEAD_ANSWERS, NULL},
  };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (parts[i].is_needed && !(parts[i].part && parts_lack(c->options, parts[i].part)))
      link_add_part(job, parts[i].function);
  if (!c->reads_images) link_hide(job, "smelt_pixels");
  if (!c->hears) link_hide(job, "smelt_transcribe");
}
