/*
 * reader.c: whether a graph reads text, and which of its outputs answers: by the names and shapes of inputs
 * and outputs, and what config.json says of labels.
 */
#include "driver/reader.h"
#include "driver/sentences.h"

#include <jansson.h>
#include <string.h>

/* ---- inputs ---- */

typedef struct {
  const char *name;
  size_t field; /* in smelt_manifest_reader */
} token_input;

static const token_input token_inputs[] = {
    {"input_ids", offsetof(smelt_manifest_reader, ids_input)},
    {"attention_mask", offsetof(smelt_manifest_reader, mask_input)},
    {"token_type_ids", offsetof(smelt_manifest_reader, types_input)},
    {"position_ids", offsetof(smelt_manifest_reader, positions_input)},
};
enum { TOKEN_INPUTS = sizeof token_inputs / sizeof *token_inputs };

static int32_t *input_field(smelt_manifest_reader *r, int which) {
  return (int32_t *)(void *)((char *)r + token_inputs[which].field);
}

bool reader_take_inputs(ir_module *m, const plan_entry *entry, const char *other, smelt_manifest_reader *r) {
  for (int which = 0; which < TOKEN_INPUTS; which++) *input_field(r, which) = SMELT_NONE;
  for (size_t i = 0; i < entry->input_count; i++) {
    const plan_io *io = &entry->inputs[i];
    int which = 0;
    if (other && strcmp(other, io->name) == 0) continue;
    while (which < TOKEN_INPUTS && strcmp(token_inputs[which].name, io->name) != 0) which++;
    bool is_ids = io->dtype == SMELT_I64 || (io->dtype == SMELT_I32 && !other); /* beside pixels: i64 */
    if (which == TOKEN_INPUTS || !is_ids || io->rank != 2) return false;
    int64_t batch, tokens;
    if (ir_dim_is_const(io->dims[0], &batch) && batch != 1) return false;
    bool is_fixed = ir_dim_is_const(io->dims[1], &tokens);
    if (!is_fixed && !ir_dim_is_symbol(io->dims[1])) return false;
    if (!is_fixed) tokens = ir_dim_maximum(m, io->dims[1]);
    if (tokens < 1) return false;
    if (!r->max_tokens || tokens < r->max_tokens)
      r->max_tokens = (int32_t)(tokens < INT32_MAX ? tokens : INT32_MAX);
    r->is_fixed |= is_fixed;
    *input_field(r, which) = (int32_t)i;
  }
  return r->ids_input != SMELT_NONE && !(r->is_fixed && r->mask_input == SMELT_NONE);
}

/* ---- the output that answers ---- */

static const reader_answer answers[] = {
    {"sentence_embedding", 2, SMELT_HEAD_VECTOR},
    {"text_embeds", 2, SMELT_HEAD_VECTOR},
    {"text_embedding", 2, SMELT_HEAD_VECTOR},
    {"start_logits", 2, SMELT_HEAD_ANSWERS},
    {"logits", 2, SMELT_HEAD_LABELS},
    {"logits", 3, SMELT_HEAD_TOKEN_LABELS},
    {"last_hidden_state", 3, SMELT_HEAD_STATES},
    {"token_embeddings", 3, SMELT_HEAD_STATES},
    {"pooler_output", 2, SMELT_HEAD_VECTOR},
    {NULL, 3, SMELT_HEAD_STATES},
    {NULL, 2, SMELT_HEAD_VECTOR},
};

static bool ends_with(const char *name, const char *end) {
  size_t length = strlen(name), end_length = strlen(end);
  return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* config.json's word on the head that logits come from. */
static const struct {
  const char *end; /* of the architecture's name */
  int rank;
  smelt_head head;
} architectures[] = {
    {"ForCausalLM", 3, SMELT_HEAD_NEXT_TOKENS},
    {"LMHeadModel", 3, SMELT_HEAD_NEXT_TOKENS},
    {"ForMaskedLM", 3, SMELT_HEAD_FILLINGS},
    {"ForPreTraining", 3, SMELT_HEAD_FILLINGS},
    {"ForSequenceClassification", 2, SMELT_HEAD_LABELS},
    {"ForTokenClassification", 3, SMELT_HEAD_TOKEN_LABELS},
};

static const char *architecture_of(const json_t *config) {
  const char *name = json_string_value(json_array_get(json_object_get(config, "architectures"), 0));
  return name ? name : "";
}

static void choose_head(const json_t *config, const plan_io *io, smelt_manifest_reader *r) {
  bool is_labels = r->head == SMELT_HEAD_LABELS || r->head == SMELT_HEAD_TOKEN_LABELS;
  for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
    if (!ends_with(architecture_of(config), architectures[i].end) || architectures[i].rank != io->rank)
      continue;
    bool is_named = is_labels || strcmp(io->name, "logits") == 0;
    if (is_named) r->head = architectures[i].head;
    if (is_named) return;
  }
}

/* The second output of an answer; SMELT_NONE: there is none. */
static int32_t last_output(const plan_entry *entry) {
  for (size_t i = 0; i < entry->output_count; i++) {
    const plan_io *io = &entry->outputs[i];
    if (strcmp(io->name, "end_logits") == 0 && io->dtype == SMELT_F32 && io->rank == 2) return (int32_t)i;
  }
  return SMELT_NONE;
}

const plan_io *reader_find_answer(const plan_entry *entry, const reader_answer *known, size_t count,
                                  smelt_manifest_reader *r) {
  for (size_t a = 0; a < count; a++) {
    if (known[a].head == SMELT_HEAD_ANSWERS && r->last_output == SMELT_NONE) continue;
    for (size_t i = 0; i < entry->output_count; i++) {
      const plan_io *io = &entry->outputs[i];
      if (io->dtype != SMELT_F32 || io->rank != known[a].rank) continue;
      if (known[a].name && strcmp(known[a].name, io->name) != 0) continue;
      r->output = (int32_t)i;
      r->head = known[a].head;
      return io;
    }
  }
  return NULL;
}

static bool take_output(const json_t *config, const plan_entry *entry, smelt_manifest_reader *r) {
  r->last_output = last_output(entry);
  const plan_io *io = reader_find_answer(entry, answers, sizeof answers / sizeof *answers, r);
  if (io) choose_head(config, io, r);
  return io;
}

/* ---- labels ---- */

/*
 * What sentence-transformers makes of the only logit of a cross-encoder, where config.json says so: a class
 * of PyTorch's. NULL: nothing is said, which is a sigmoid.
 */
static const char *activation_of(const json_t *config) {
  const json_t *name = json_object_get(json_object_get(config, "sentence_transformers"), "activation_fn");
  if (!json_is_string(name)) name = json_object_get(config, "sbert_ce_default_activation_function");
  return json_string_value(name);
}

static smelt_scoring scoring_of_one(compilation *c, const json_t *config) {
  const char *activation = activation_of(config);
  if (activation && ends_with(activation, ".Identity")) return SMELT_SCORING_NONE;
  if (activation && !ends_with(activation, ".Sigmoid")) {
    status s = fail(&c->arena, STATUS_INPUT, "the activation function %s is not compiled", activation);
    print_warning(
        fail_hint(&c->arena, fail_file(&c->arena, s, c->folder.config_file), "scores are a sigmoid"));
  }
  return SMELT_SCORING_SIGMOID;
}

void reader_take_labels(compilation *c, const json_t *config, const plan_io *io) {
  smelt_manifest_reader *r = &c->reader;
  const json_t *names = json_object_get(config, "id2label");
  int64_t count;
  if (!ir_dim_is_const(io->dims[io->rank - 1], &count) || count < 1) return;
  c->labels = ARENA_ARRAY(&c->arena, const char *, (size_t)count);
  for (int64_t i = 0; i < count; i++) {
    const char *key = arena_format(&c->arena, "%lld", (long long)i);
    const char *name = json_string_value(json_object_get(names, key));
    c->labels[i] = name ? arena_text(&c->arena, name) : arena_format(&c->arena, "LABEL_%s", key);
  }
  r->label_count = (uint32_t)count;
  const char *problem = json_string_value(json_object_get(config, "problem_type"));
  if (problem && strcmp(problem, "regression") == 0)
    r->scoring = SMELT_SCORING_NONE;
  else if (problem && strcmp(problem, "multi_label_classification") == 0)
    r->scoring = SMELT_SCORING_SIGMOID;
  else if (count == 1 && r->head == SMELT_HEAD_LABELS)
    r->scoring = scoring_of_one(c, config);
}

/* ---- limits ---- */

/* Files that say how many tokens of a text are read. */
static const char *const limit_files[][2] = {{"sentence_bert_config.json", "max_seq_length"},
                                             {"tokenizer_config.json", "model_max_length"}};

status reader_take_limits(compilation *c) {
  smelt_manifest_reader *r = &c->reader;
  for (size_t i = 0; i < sizeof limit_files / sizeof *limit_files && !r->is_fixed; i++) {
    const char *path = file_join(&c->arena, c->folder.home, limit_files[i][0]);
    json_t *object;
    if (!file_exists(path)) continue;
    TRY(folder_read_json(&c->arena, path, &object));
    json_int_t most = json_integer_value(json_object_get(object, limit_files[i][1]));
    if (most > 0 && most < r->max_tokens) r->max_tokens = (int32_t)most;
    json_decref(object);
  }
  return OK;
}

status reader_check_ids(compilation *c, const plan_entry *entry) {
  const tok_summary *t = &c->tokenizer_summary;
  int64_t rows = reader_id_count(entry->graph, token_inputs[0].name);
  int64_t pad = c->folder.pad_token >= 0 ? c->folder.pad_token : t->pad_id >= 0 ? t->pad_id : 0;
  c->reader.pad_token = (int32_t)pad;
  int64_t highest = (int64_t)t->vocab_size > pad + 1 ? t->vocab_size : pad + 1;
  if (!rows || highest <= rows) return OK;
  status s = fail(&c->arena, STATUS_INPUT, "the tokenizer's vocabulary does not fit the model's");
  s = fail_expected(&c->arena, s, "at most %lld tokens", (long long)rows);
  return fail_file(&c->arena, fail_found(&c->arena, s, "%lld", (long long)highest), c->folder.tokenizer);
}

/* Whether anything is made of several texts at once, as is a scale of bytes that the graph chooses itself: a
 * text would then not read as it does alone. */
static bool mixes_texts(ir_module *m, const ir_graph *g, ir_dim rows) {
  for (const ir_node *n = g->first; n; n = n->next) {
    if (n->attrs.body && mixes_texts(m, n->attrs.body, rows)) return true;
    if (n->attrs.otherwise && mixes_texts(m, n->attrs.otherwise, rows)) return true;
    if (ir_op_describe(n->op)->op_class != IR_CLASS_REDUCTION) continue;
    const ir_type *x = &n->operands[0]->type;
    bool is_arg = n->op == IR_ARG_MAX || n->op == IR_ARG_MIN;
    uint32_t axes = is_arg ? 1u << n->attrs.axis : n->attrs.axes;
    for (int i = 0; i < x->rank; i++)
      if (axes >> i & 1 && ir_dim_substitute(m, x->dims[i], rows, ir_dim_const(m, 1)) != x->dims[i])
        return true;
  }
  return false;
}

/*
 * Texts of one call: what the size may be that is the first one of all that is read and answered. Texts of
 * other lengths than the longest need a mask.
 */
static int32_t most_rows(ir_module *m, const plan_entry *entry, smelt_manifest_reader *r) {
  ir_dim rows = entry->inputs[r->ids_input].dims[0];
  bool fits = ir_dim_is_symbol(rows) && r->mask_input != SMELT_NONE;
  for (int which = 0; which < TOKEN_INPUTS; which++) {
    int32_t input = *input_field(r, which);
    fits = fits && (input == SMELT_NONE || entry->inputs[input].dims[0] == rows);
  }
  fits = fits && entry->outputs[r->output].dims[0] == rows;
  if (r->last_output != SMELT_NONE) fits = fits && entry->outputs[r->last_output].dims[0] == rows;
  fits = fits && !mixes_texts(m, entry->graph, rows);
  int64_t most = fits ? ir_dim_maximum(m, rows) : 1;
  return most < 1 ? 1 : most < SMELT_MOST_ROWS ? (int32_t)most : SMELT_MOST_ROWS;
}

/* ---- all of it ---- */

static status describe(compilation *c, const json_t *config) {
  const plan_entry *entry = &c->plan->entries[0];
  smelt_manifest_reader *r = &c->reader;
  if (!reader_take_inputs(c->module, entry, NULL, r) || !take_output(config, entry, r)) return OK;
  TRY(compile_tokenizer(c));
  TRY(reader_check_ids(c, entry));
  TRY(reader_take_limits(c));
  int64_t places = reader_place_count(entry->graph, token_inputs[0].name);
  if (places && places < r->max_tokens && !r->is_fixed) r->max_tokens = (int32_t)places;
  r->mask_token = (int32_t)c->tokenizer_summary.mask_id;
  r->most_rows = most_rows(c->module, entry, r);
  bool has_labels = r->head == SMELT_HEAD_LABELS || r->head == SMELT_HEAD_TOKEN_LABELS;
  if (has_labels) reader_take_labels(c, config, &entry->outputs[r->output]);
  /* nothing to be filled in, or as many labels as the input makes */
  if ((r->head == SMELT_HEAD_FILLINGS && r->mask_token < 0) || (has_labels && !r->label_count)) {
    c->tokenizer.count = 0;
    return OK;
  }
  if (r->head == SMELT_HEAD_STATES) TRY(sentences_take_modules(c));
  if (r->head == SMELT_HEAD_STATES || r->head == SMELT_HEAD_VECTOR) TRY(sentences_take_prompts(c));
  c->reads_text = true;
  return OK;
}

void reader_describe(compilation *c) {
  json_t *config = NULL;
  if (c->is_generator || c->reads_images || !c->folder.tokenizer) return;
  status s = c->folder.config_file ? folder_read_json(&c->arena, c->folder.config_file, &config) : OK;
  c->reader = (smelt_manifest_reader){0};
  if (!s) s = describe(c, config);
  json_decref(config);
  if (!s) return;
  c->tokenizer.count = 0;
  print_warning(fail_hint(&c->arena, s, "the program takes .npy files, not text"));
}
