/* compile.c: folder -> graphs -> passes -> plan. */
#include "driver/compile.h"
#include "driver/conversation.h"
#include "driver/hearing.h"
#include "driver/parts.h"
#include "driver/reader.h"
#include "driver/vision.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX_TOKENS = 2048, DEFAULT_MOST_TOKENS = 4096, PREFILL_TOKENS = 512 };
enum { SPECULATED_TOKENS = 8 }; /* more are seldom right, and cost time */
enum { DEFAULT_SECONDS = 30, DEFAULT_RATE = 16000, DEFAULT_MAX_FRAMES = 100 * DEFAULT_SECONDS };

/* ---- watching the passes ---- */

static void observe_pass(void *user, const pass_info *pass, ir_graph *g, const pass_report *report) {
  compilation *c = user;
  const driver_options *o = c->options;
  progress_show(&c->progress, pass->name, 0, 0);
  ARENA_PUSH(&c->arena, c->passes, c->pass_count, c->pass_capacity) =
      (pass_record){g, pass, report->rewrites};
  if (o->passes) printf("%-8s %-14s %5d rewrites\n", g->name, pass->name, report->rewrites);
  bool is_wanted =
      o->print_after && (strcmp(o->print_after, "all") == 0 || strcmp(o->print_after, pass->name) == 0);
  if (!is_wanted) return;
  text t = {0};
  ir_print(&t, g);
  printf("# after %s\n%s\n", pass->name, t.bytes);
  text_free(&t);
}

static status check_pass_name(compilation *c) {
  const char *name = c->options->print_after;
  if (!name || strcmp(name, "all") == 0 || pass_named(name)) return OK;
  text names = {0};
  for (size_t i = 0; pass_at(i); i++) text_print(&names, "%s%s", i ? ", " : "", pass_at(i)->name);
  status s = fail(&c->arena, STATUS_USAGE, "--print-after got '%s'", name);
  s = fail_expected(&c->arena, s, "all, or one of %s", names.bytes);
  text_free(&names);
  return s;
}

/* ---- reading ---- */

enum { FILE_MODEL, FILE_ENCODER, FILE_FIRST };

static const char branch_input[] = "use_cache_branch";

static bool takes_past(const onnx_model *model) {
  size_t i = 0;
  const char *name;
  while ((name = onnx_input_at(model, i)) && !pass_is_past(name)) i++;
  return name != NULL;
}

/* Imports a file opened before. Of a merged decoder: the branch with past or without. */
static status import_graph(compilation *c, int file, const char *graph_name, bool with_past,
                           ir_graph **graph) {
  double number = with_past;
  onnx_options options = {.graph_name = graph_name};
  if (file == FILE_MODEL) TRY(known_inputs(&c->arena, c->options, &options));
  if (file == FILE_FIRST || takes_past(c->files[file])) options.has_own_sizes = pass_has_own_sizes;
  if (file == FILE_MODEL && !c->folder.encoder) {
    options.see_input = vision_see_input;
    options.user = c;
  }
  if (onnx_has_input(c->files[file], branch_input)) {
    onnx_constant_input *constants = ARENA_ARRAY(&c->arena, onnx_constant_input, options.constant_count + 1);
    for (size_t i = 0; i < options.constant_count; i++) constants[i] = options.constants[i];
    constants[options.constant_count++] =
        (onnx_constant_input){.name = branch_input, .values = &number, .value_count = 1};
    options.constants = constants;
  }
  return onnx_import_graph(c->files[file], &options, graph);
}

static status import_file(compilation *c, int file, const char *path, const char *graph_name,
                          ir_graph **graph) {
  TRY(fail_file(&c->arena, onnx_open(c->module, path, &c->files[file]), path));
  return fail_file(&c->arena, import_graph(c, file, graph_name, true, graph), path);
}

/*
 * Beside an encoder the decoder of the first step says how the encoder's keys and values are made: the other
 * branch of a merged decoder, or the other file of a pair.
 */
static status import_first(compilation *c, ir_graph **graph) {
  const char *path = c->folder.first;
  *graph = NULL;
  if (!c->folder.encoder) return OK;
  if (path) return import_file(c, FILE_FIRST, path, "first", graph);
  if (!onnx_has_input(c->files[FILE_MODEL], branch_input)) return OK;
  return fail_file(&c->arena, import_graph(c, FILE_MODEL, "first", false, graph), c->folder.model);
}

status compile_tokenizer(compilation *c) {
  if (!c->folder.tokenizer) {
    status s = fail(&c->arena, STATUS_INPUT, "there is no tokenizer beside the model");
    s = fail_expected(&c->arena, s,
                      "tokenizer.json, tokenizer.model, vocab.json with merges.txt, or vocab.txt");
    return fail_file(&c->arena, s, c->folder.model);
  }
  return fail_file(&c->arena,
                   tok_compile(&c->arena, c->folder.tokenizer, &c->tokenizer, &c->tokenizer_summary),
                   c->folder.tokenizer);
}

/* ---- limits ---- */

static status token_limit(compilation *c, int64_t *max_tokens) {
  int64_t asked = c->options->max_tokens, made_for = c->folder.positions;
  if (c->options->is_draft && made_for && asked > made_for) asked = made_for;
  if (asked && made_for && asked > made_for) {
    status s = fail(&c->arena, STATUS_USAGE, "--max-tokens %lld is more than the model was made for",
                    (long long)asked);
    return fail_expected(&c->arena, s, "at most %lld", (long long)made_for);
  }
  *max_tokens = asked ? asked : made_for ? made_for : DEFAULT_MAX_TOKENS;
  if (!asked && *max_tokens > DEFAULT_MOST_TOKENS) *max_tokens = DEFAULT_MOST_TOKENS;
  return OK;
}

/* Of sound that an encoder reads as it is. */
static int64_t sample_limit(const compilation *c) {
  const model_folder *f = &c->folder;
  return (f->chunk_seconds ? f->chunk_seconds : DEFAULT_SECONDS) *
         (f->sampling_rate ? f->sampling_rate : DEFAULT_RATE);
}

/* A plain graph's sizes: those called batch by --max-batch, others by --max-tokens. */
static void limit_symbols(compilation *c, int64_t max_tokens) {
  for (size_t i = 0; i < ir_dim_symbol_count(c->module); i++) {
    ir_dim symbol = ir_dim_symbol_at(c->module, i);
    if (ir_dim_limit(c->module, symbol)) continue; /* it follows from the others' */
    bool is_batch = strstr(ir_dim_symbol_name(symbol), "batch") != NULL;
    int64_t asked = is_batch ? c->options->max_batch : max_tokens, own = ir_dim_maximum(c->module, symbol);
    ir_dim_set_maximum(c->module, symbol, asked < own ? asked : own); /* a table may hold fewer */
  }
}

/* ---- what the program needs to know to generate ---- */

static status check_token(compilation *c, const char *what, int64_t token, int64_t vocab_size) {
  if (token < vocab_size) return OK;
  status s =
      fail(&c->arena, STATUS_INPUT, "%s %lld is outside the model's vocabulary", what, (long long)token);
  s = fail_expected(&c->arena, s, "below %lld", (long long)vocab_size);
  const char *file = c->folder.generation_file ? c->folder.generation_file : c->folder.config_file;
  return file ? fail_file(&c->arena, s, file) : s;
}

static status check_tokens(compilation *c, const char *what, const folder_tokens *list, int64_t vocab_size) {
  for (int32_t i = 0; i < list->count; i++) TRY(check_token(c, what, list->tokens[i], vocab_size));
  return OK;
}

static status check_beams(compilation *c) {
  const model_folder *f = &c->folder;
  int beams = (int)f->choices.beams, groups = (int)f->choices.beam_groups;
  if (beams <= 1 || groups <= 1 || beams % groups == 0) return OK;
  status s = fail(&c->arena, STATUS_INPUT, "%d beams cannot be divided into %d groups", beams, groups);
  s = fail_node(&c->arena, s, "\"num_beam_groups\"");
  return fail_file(&c->arena, s, f->generation_file ? f->generation_file : f->config_file);
}

static status check_vocabulary(compilation *c, const tok_summary *summary, int64_t vocab_size) {
  if ((int64_t)summary->vocab_size <= vocab_size) return OK;
  status s = fail(&c->arena, STATUS_INPUT, "the tokenizer's vocabulary does not fit the model's");
  s = fail_expected(&c->arena, s, "at most %lld tokens", (long long)vocab_size);
  s = fail_found(&c->arena, s, "%u", summary->vocab_size);
  return fail_file(&c->arena, s, c->folder.tokenizer);
}

/* What a decoder behind an encoder starts from. */
static status describe_start(compilation *c, int64_t vocab_size) {
  const model_folder *f = &c->folder;
  smelt_manifest_generation *g = &c->generation;
  TRY(check_token(c, "decoder_start_token_id", f->decoder_start_token, vocab_size));
  g->decoder_start_token = f->decoder_start_token >= 0 ? (int32_t)f->decoder_start_token : g->bos_token;
  for (int i = 0; i < f->forced_token_count; i++) {
    TRY(check_token(c, "forced_decoder_ids", f->forced_tokens[i], vocab_size));
    g->forced_tokens[g->forced_token_count++] =
        f->forced_tokens[i] >= 0 ? (int32_t)f->forced_tokens[i] : SMELT_NONE;
  }
  return OK;
}

static status describe_end(compilation *c, int64_t vocab_size) {
  const model_folder *f = &c->folder;
  smelt_manifest_generation *g = &c->generation;
  for (int i = 0; i < f->end_token_count; i++) {
    TRY(check_token(c, "eos_token_id", f->end_tokens[i], vocab_size));
    g->end_tokens[g->end_token_count++] = (int32_t)f->end_tokens[i];
  }
  int32_t own = c->tokenizer_summary.eos_id;
  if (!f->end_token_count && own >= 0) g->end_tokens[g->end_token_count++] = own;
  return OK;
}

static status describe_generation(compilation *c, const generator *g, const generator_limits *limits) {
  const model_folder *f = &c->folder;
  TRY(compile_tokenizer(c));
  const tok_summary *summary = &c->tokenizer_summary;
  TRY(check_vocabulary(c, summary, g->vocab_size));
  TRY(check_beams(c));
  TRY(check_token(c, "bos_token_id", f->bos_token, g->vocab_size));
  TRY(check_token(c, "pad_token_id", f->pad_token, g->vocab_size));
  int32_t first_entry = g->encode ? 1 : 0;
  if (c->options->speculates && !g->verify) {
    status s = fail(&c->arena, STATUS_INPUT, "--speculate needs a decoder that reads several tokens at once");
    return fail_file(&c->arena, s, c->folder.model);
  }
  c->generation = (smelt_manifest_generation){
      .prefill_entry = g->prefill ? first_entry : SMELT_NONE,
      .decode_entry = first_entry + (g->prefill ? 1 : 0),
      .encode_entry = g->encode ? 0 : SMELT_NONE,
      .verify_entry = g->verify ? first_entry + 2 : SMELT_NONE,
      .verify_tokens = (int32_t)limits->verify_tokens,
      .sequence_symbol = g->prefill ? (int32_t)ir_dim_symbol_index(g->sequence) : SMELT_NONE,
      .past_symbol = (int32_t)ir_dim_symbol_index(g->past),
      .encoder_symbol = g->encoder ? (int32_t)ir_dim_symbol_index(g->encoder) : SMELT_NONE,
      .vocab_size = (int32_t)g->vocab_size,
      .max_tokens = (int32_t)limits->max_tokens,
      .prefill_tokens = (int32_t)limits->prefill_tokens,
      .max_encoder_tokens = g->reads_features ? 0 : (int32_t)limits->max_encoder_tokens,
      .bos_token = (int32_t)(f->bos_token >= 0 ? f->bos_token : summary->bos_id),
      .pad_token = (int32_t)(f->pad_token >= 0 ? f->pad_token : summary->pad_id),
      .decoder_start_token = SMELT_NONE,
      .choices = f->choices,
      .suppressed.count = f->suppressed.count,
      .suppressed_first.count = f->suppressed_first.count,
      .bad_words.count = f->bad_words.count,
      .forced_first.count = f->forced_first.count,
      .forced_last.count = f->forced_last.count,
      .biased.count = f->biased.count,
  };
  c->generation.choices.temperature = !f->samples                  ? 0
                                      : f->choices.temperature > 0 ? f->choices.temperature
                                                                   : 1;
  TRY(check_tokens(c, "suppress_tokens", &f->suppressed, g->vocab_size));
  TRY(check_tokens(c, "begin_suppress_tokens", &f->suppressed_first, g->vocab_size));
  TRY(check_tokens(c, "bad_words_ids", &f->bad_words, g->vocab_size));
  TRY(check_tokens(c, "forced_bos_token_id", &f->forced_first, g->vocab_size));
  TRY(check_tokens(c, "forced_eos_token_id", &f->forced_last, g->vocab_size));
  TRY(check_tokens(c, "sequence_bias", &f->biased, g->vocab_size));
  if (g->encode) TRY(describe_start(c, g->vocab_size));
  return describe_end(c, g->vocab_size);
}

/* What the configuration asks for and no program does. Of sampling it would ask nothing. */
static void warn_of_contrast(compilation *c) {
  if (!c->is_generator || !c->folder.contrasts || c->folder.samples || c->options->is_draft) return;
  status s = fail(&c->arena, STATUS_INPUT, "\"penalty_alpha\": programs do not search contrastively");
  s = fail_file(&c->arena, s, c->folder.generation_file ? c->folder.generation_file : c->folder.config_file);
  print_warning(fail_hint(&c->arena, s, "this one takes the likeliest token"));
}

/* ---- the stages ---- */

static status make_graphs(compilation *c) {
  ir_graph *graph = NULL, *encoder = NULL, *first;
  int64_t max_tokens = 0;
  progress_show(&c->progress, "reading", 0, 0);
  TRY(token_limit(c, &max_tokens));
  /* The encoder first: where two files name one size, the first name stays. */
  if (c->folder.encoder) TRY(import_file(c, FILE_ENCODER, c->folder.encoder, "encode", &encoder));
  TRY(import_file(c, FILE_MODEL, c->folder.model, "run", &graph));
  c->is_generator = pass_is_generator(graph);
  if (!c->is_generator) {
    if (encoder) {
      status s = fail(&c->arena, STATUS_INPUT, "the decoder keeps no past_key_values");
      return fail_file(&c->arena, fail_hint(&c->arena, s, "export it with past"), c->folder.model);
    }
    if (c->options->speculates)
      return fail(&c->arena, STATUS_USAGE, "--speculate is for models that write text");
    limit_symbols(c, max_tokens);
    vision_limit_texts(c, graph);
    ir_apply_bindings(c->module);
    TRY(fail_file(&c->arena, pass_run_all(graph, observe_pass, c), c->folder.model));
    return fail_file(&c->arena, pass_check_reach(graph), c->folder.model);
  }
  if (encoder && c->options->speculates)
    return fail(&c->arena, STATUS_USAGE, "--speculate is for decoders, not for a model with an encoder");
  TRY(import_first(c, &first));
  generator g;
  generator_source source = {.decoder = graph, .encoder = encoder, .first = first};
  source.takes_later_steps = c->folder.first || onnx_has_input(c->files[FILE_MODEL], branch_input);
  generator_limits limits = {.max_tokens = max_tokens,
                             .prefill_tokens = max_tokens < PREFILL_TOKENS ? max_tokens : PREFILL_TOKENS,
                             .max_encoder_tokens = max_tokens,
                             .verify_tokens = c->options->speculates ? SPECULATED_TOKENS : 0,
                             .max_frames = c->folder.frames ? c->folder.frames : DEFAULT_MAX_FRAMES,
                             .max_samples = sample_limit(c),
                             .only_decodes = parts_lack(c->options, "prefill")};
  status s = pass_make_generator(c->module, &source, &limits, observe_pass, c, &g);
  if (s) return fail_file(&c->arena, s, c->folder.model);
  return describe_generation(c, &g, &limits);
}

static status choose_precision(compilation *c) {
  const char *name = c->options->precision;
  text names = {0};
  for (int p = 0; p < IR_PRECISION_COUNT; p++) {
    const char *known = ir_precision_name((ir_precision)p);
    text_print(&names, "%s%s", p ? ", " : "", known);
    if (!name || strcmp(name, known) != 0) continue;
    c->module->precision = (ir_precision)p;
    name = NULL;
  }
  status s = name ? fail_expected(&c->arena, fail(&c->arena, STATUS_USAGE, "unknown precision '%s'", name),
                                  "one of: %s; of smelt build also auto", names.bytes)
                  : OK;
  text_free(&names);
  return s;
}

static status choose_cache(compilation *c) {
  static const struct {
    const char *name;
    ir_dtype dtype;
  } KEPT[] = {{"f32", SMELT_F32}, {"bf16", SMELT_BF16}, {"int8", SMELT_I8}};
  const char *name = c->options->kv ? c->options->kv : "f32";
  for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++) {
    if (strcmp(name, KEPT[i].name) != 0) continue;
    c->module->cache_dtype = KEPT[i].dtype;
    return OK;
  }
  status s = fail(&c->arena, STATUS_USAGE, "keys and values cannot be kept in '%s'", name);
  return fail_expected(&c->arena, s, "one of: f32, bf16, int8");
}

status compile_target(arena *a, const driver_options *options, const codegen_target **target) {
  *target = options->target ? codegen_target_named(options->target) : codegen_target_host();
  if (*target) return OK;
  text names = {0};
  for (size_t i = 0; codegen_target_at(i); i++)
    text_print(&names, "%s%s", i ? ", " : "", codegen_target_at(i)->name);
  status s =
      fail(a, STATUS_USAGE, "unknown target '%s'", options->target ? options->target : "of this machine");
  s = fail_expected(a, s, "one of %s", names.bytes);
  text_free(&names);
  return fail_hint(a, s, "see 'smelt targets'");
}

status compile_begin(compilation *c, const driver_options *options) {
  *c = (compilation){.options = options, .progress = progress_begin(options->quiet)};
  TRY(check_pass_name(c));
  TRY(compile_target(&c->arena, options, &c->target));
  TRY(folder_open(&c->arena, options->path, &c->folder));
  c->module = ir_module_new(&c->arena, c->folder.model);
  TRY(choose_precision(c));
  TRY(choose_cache(c));
  c->module->keeps_bytes = codegen_target_has(c->target, ENGINE_LONG);
  c->module->kept = options->kept;
  c->module->kept_count = options->kept_count;
  c->module->measures_losses = options->measures_losses;
  TRY(make_graphs(c));
  progress_show(&c->progress, "planning", 0, 0);
  TRY(fail_file(&c->arena, plan_make(c->module, &c->plan), c->folder.model));
  reader_describe(c);
  vision_describe(c);
  hearing_describe(c);
  conversation_describe(c);
  warn_of_contrast(c);
  if (options->print_plan) {
    text t = {0};
    plan_print(&t, c->plan);
    fputs(t.bytes, stdout);
    text_free(&t);
  }
  return OK;
}

void compile_end(compilation *c) {
  progress_end(&c->progress);
  for (int i = 0; i < 3; i++) onnx_close(c->files[i]);
  text_free(&c->tokenizer);
  text_free(&c->chat);
  arena_free(&c->arena);
}
