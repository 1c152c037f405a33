/* options.c: the command line. One table says what there is; parser and --help read it. */
#include "app/option_table.h"

#include <stdlib.h>
#include <string.h>

/* RARE: those programs show it with --help-all only. */
enum {
  GENERATES = APP_GENERATES,
  RUNS_GRAPH = APP_RUNS_GRAPH,
  READS_FEATURES = APP_READS_FEATURES,
  MAKES_VECTORS = APP_EMBEDS | APP_COMPARES,
  READS_PARTS = MAKES_VECTORS | APP_CLASSIFIES | APP_TAGS,
  READS_TEXT = APP_TOKENIZES | APP_SCORES | READS_PARTS | APP_FILLS | APP_ANSWERS,
  DETOKENIZES = APP_DETOKENIZES,
  CHATS = APP_CHATS,
  HEARS = APP_TRANSCRIBES,
  TALKS = GENERATES | CHATS,
  WRITES = TALKS | HEARS,
  SEARCHES = GENERATES | HEARS,
  TAKES_FILES = HEARS | APP_SEES,
  COMMANDS = READS_TEXT | DETOKENIZES,
  RUNS = WRITES | RUNS_GRAPH | (READS_TEXT & ~APP_TOKENIZES) | APP_SEES,
  SEES_CHOICES = APP_SEES_LABELS | APP_SEES_MATCHES,
  CONSTRAINS = 1 << 21, /* programs that have these parts (part_suits) */
  BEAMS = 1 << 22,
  LINES = 1 << 23,
  PROFILES = 1 << 24,
  GUESSES = 1 << 27,    /* programs that were built with a draft */
  TRANSLATES = 1 << 28, /* those with an encoder of text */
  SPECULATES = 1 << 29, /* those that were built so, or with a draft */
  RARE = 1 << 30,
  ANY = WRITES | RUNS_GRAPH | COMMANDS | APP_SEES
};

/* Linked only into programs that hear, or make vectors of texts, else NULL. */
#pragma weak app_hearing_options
#pragma weak app_vector_options
/* Into those that do not hold their weights as they are used. */
#pragma weak app_weights_options

/* Into those that were not built without. */
#pragma weak app_take_constraint
#pragma weak app_generate_lines
#pragma weak app_write_profile
#pragma weak rt_beam_search

#define FIELD APP_FIELD
enum {
  FLAG = APP_FLAG,
  TEXT = APP_TEXT,
  COUNT = APP_COUNT,
  DECIMAL = APP_DECIMAL,
  SIGNED = APP_SIGNED,
  SEED = APP_SEED,
  STOPPING = APP_STOPPING,
  GUESSING = APP_GUESSING,
  NAMED_INPUT = APP_NAMED_INPUT,
  NAMED_OUTPUT = APP_NAMED_OUTPUT,
  ITEM = APP_ITEM,
  LABELS = APP_LABELS
};

static const app_option options_table[] = {
    {0, "features", "FILE", "what the encoder reads, as a .npy file", READS_FEATURES, TEXT,
     FIELD(features_path), 0},
    {'p', "prompt", "TEXT", "the text to go on from; else standard input", GENERATES, TEXT, FIELD(prompt), 0},
    {'p', "prompt", "TEXT", "answer this and end; else lines of standard input", CHATS, TEXT, FIELD(prompt),
     0},
    {0, "system", "TEXT", "what the model is told before", CHATS, TEXT, FIELD(system), 0},
    {0, "set", "NAME=VALUE", "a variable of the chat template: JSON, or a text", CHATS, ITEM, APP_SET, 0},
    {0, "labels", "TEXT...", "the texts that an image is compared with, up to the next option",
     APP_SEES_MATCHES, LABELS, FIELD(labels), 0},
    {'p', "prompt", "TEXT", "the text; else standard input", READS_TEXT & ~(APP_ANSWERS | APP_COMPARES), TEXT,
     FIELD(prompt), 0},
    {'p', "prompt", "TEXT", "the question; else standard input", APP_ANSWERS, TEXT, FIELD(prompt), 0},
    {0, "context", "TEXT", "where the answer is to be found", APP_ANSWERS, TEXT, FIELD(context), 0},
    {0, "context-file", "FILE",
     "the same in a file, - is standard input; else a line is question, tab, context", APP_ANSWERS, TEXT,
     FIELD(context_path), 0},
    {0, "top", "N", "the N likeliest (5)", APP_FILLS, COUNT, FIELD(top), 100000},
    {0, "top", "N", "the N best answers (1)", APP_ANSWERS, COUNT, FIELD(top), 100000},
    {0, "longest", "N", "answers of at most N tokens (15)", APP_ANSWERS, COUNT, FIELD(longest_answer),
     INT32_MAX},
    {0, "impossible", NULL, "there may be no answer", APP_ANSWERS, FLAG, FIELD(impossible), 0},
    {'p', "prompt", "IDS", "token ids, \"1 2 3\"; else standard input", DETOKENIZES, TEXT, FIELD(prompt), 0},
    {'n', "tokens", "N", "generate at most N tokens; 0: to the end or the model's limit", WRITES, COUNT,
     FIELD(generate.max_new_tokens), INT32_MAX},
    {0, "temp", "X", "temperature; 0 always takes the likeliest token", WRITES, DECIMAL,
     FIELD(generate.temperature), 1000},
    {0, "top-k", "N", "sample from the N likeliest tokens; 0: all", WRITES, COUNT, FIELD(generate.top_k),
     INT32_MAX},
    {0, "top-k", "N", "the N best labels of each image (1)", SEES_CHOICES, COUNT, FIELD(generate.top_k),
     INT32_MAX},
    {0, "top-p", "X", "sample from the likeliest tokens that share probability X", WRITES, DECIMAL,
     FIELD(generate.top_p), 1},
    {0, "min-p", "X", "leave out tokens below X times the likeliest", WRITES, DECIMAL, FIELD(generate.min_p),
     1},
    {0, "repeat-penalty", "X", "divide the scores of tokens already used by X; 1: off", WRITES, DECIMAL,
     FIELD(generate.repetition_penalty), 1000},
    {0, "typical-p", "X", "sample from the most typical tokens that share probability X", WRITES | RARE,
     DECIMAL, FIELD(generate.typical_p), 1},
    {0, "epsilon-cutoff", "X", "leave out tokens below probability X", WRITES | RARE, DECIMAL,
     FIELD(generate.epsilon_cutoff), 1},
    {0, "eta-cutoff", "X", "the same, less where all are unlikely", WRITES | RARE, DECIMAL,
     FIELD(generate.eta_cutoff), 1},
    {0, "frequency-penalty", "X", "subtract X for each time that the new text has the token", WRITES | RARE,
     SIGNED, FIELD(generate.frequency_penalty), 1000},
    {0, "presence-penalty", "X", "subtract X once where the new text has the token", WRITES | RARE, SIGNED,
     FIELD(generate.presence_penalty), 1000},
    {0, "no-repeat-ngram", "N", "never N tokens in a row a second time; 0: off", WRITES | RARE, COUNT,
     FIELD(generate.no_repeat_ngram), INT32_MAX},
    {0, "bias", "TOKEN=X", "add X to the score of a token id, or of what ends a text", WRITES | RARE, ITEM,
     APP_BIAS, 0},
    {0, "bad-word", "TEXT", "never these tokens in a row", WRITES | RARE, ITEM, APP_BAD_WORD, 0},
    {0, "bad-ids", "IDS", "the same as token ids", WRITES | RARE, ITEM, APP_BAD_IDS, 0},
    {0, "suppress", "IDS", "never any of these tokens", WRITES | RARE, ITEM, APP_SUPPRESS, 0},
    {0, "suppress-first", "IDS", "not as the first token", WRITES | RARE, ITEM, APP_SUPPRESS_FIRST, 0},
    {0, "first-token", "TOKEN", "an id or a text: the token that the answer begins with", TRANSLATES, ITEM,
     APP_FIRST, 0},
    {0, "min-tokens", "N", "no end before N tokens", WRITES | RARE, COUNT, FIELD(generate.min_new_tokens),
     INT32_MAX},
    {0, "stop", "TEXT", "end before this text; may be given again", WRITES, ITEM, APP_STOP, 0},
    {0, "stop-id", "IDS", "end at these tokens too", WRITES | RARE, ITEM, APP_STOP_IDS, 0},
    {'N', "samples", "N", "write N texts", GENERATES, COUNT, FIELD(samples), 1000000},
    {0, "speculate", NULL, "guess tokens and check several at once: the same text, sooner", SPECULATES, FLAG,
     FIELD(generate.speculate), 0},
    {0, "guess", "HOW", "so, with lookup, draft or both; else both", GUESSES, GUESSING,
     FIELD(generate.guessing), 0},
    {0, "beams", "N", "search for the likeliest text with N beams; 1: off", BEAMS, COUNT,
     FIELD(generate.beams), SMELT_MAX_BEAMS},
    {0, "beam-groups", "N", "of beams that differ", BEAMS | RARE, COUNT, FIELD(generate.beam_groups),
     SMELT_MAX_BEAMS},
    {0, "diversity-penalty", "X", "for tokens that earlier groups of beams chose", BEAMS | RARE, DECIMAL,
     FIELD(generate.diversity_penalty), 1000},
    {0, "length-penalty", "X", "divide a text's log-probability by its length to this power", BEAMS | RARE,
     SIGNED, FIELD(generate.length_penalty), SMELT_MAX_LENGTH_PENALTY},
    {0, "early-stopping", "HOW", "true, false or never, when N texts of beams have ended", BEAMS | RARE,
     STOPPING, FIELD(generate.early_stopping), 0},
    {0, "seed", "N", "the same seed gives the same text", WRITES, SEED, FIELD(generate.seed), 0},
    {0, "ids", NULL, "print token ids instead of text", SEARCHES, FLAG, FIELD(ids), 0},
    {0, "prompt-ids", "IDS", "the prompt as token ids, \"1 2 3\"", GENERATES, TEXT, FIELD(prompt_ids), 0},
    {0, "prompt-ids", "IDS", "the text as token ids, \"1 2 3\"",
     APP_TOKENIZES | APP_SCORES | APP_EMBEDS | APP_CLASSIFIES, TEXT, FIELD(prompt_ids), 0},
    {0, "lines", "FILE", "each line is a prompt, - is standard input; an answer a line", LINES, TEXT,
     FIELD(lines_path), 0},
    {0, "json", NULL, "answers as JSON: text and token ids", LINES, FLAG, FIELD(json), 0},
    {0, "lines", "FILE", "each line is a text, - is standard input; a result a line",
     COMMANDS & ~APP_COMPARES, TEXT, FIELD(lines_path), 0},
    {0, "lines", "FILE", "each line is two texts with a tab between; a result a line", APP_COMPARES, TEXT,
     FIELD(lines_path), 0},
    {0, "json", NULL, "results as JSON, with all that is known", COMMANDS | HEARS, FLAG, FIELD(json), 0},
    {0, "json", NULL, "results as JSON, with all labels", APP_SEES, FLAG, FIELD(json), 0},
    {0, "binary", NULL, "vectors as f32, the lowest byte first", APP_EMBEDS, FLAG, FIELD(binary), 0},
    {'o', "output-file", "FILE", "results go there; where it is called .npy, as a NumPy array", APP_EMBEDS,
     TEXT, FIELD(output_path), 0},
    {0, "no-special", NULL, "without the special tokens around a text",
     (READS_TEXT & ~APP_ANSWERS) | APP_SEES_MATCHES, FLAG, FIELD(no_special), 0},
    {0, "no-special", NULL, "leave special tokens out of the text", DETOKENIZES, FLAG, FIELD(no_special), 0},
    {0, "truncate", NULL, "cut texts that are too long for the model",
     (READS_TEXT & ~(APP_TOKENIZES | APP_ANSWERS)) | APP_SEES_MATCHES | TRANSLATES, FLAG, FIELD(truncates),
     0},
    {0, "pair", NULL, "each text is two, a tab between them", APP_EMBEDS | APP_CLASSIFIES, FLAG, FIELD(pair),
     0},
    {0, "cut", "HOW", "longest, first or second: what a pair that is too long loses",
     APP_EMBEDS | APP_CLASSIFIES, TEXT, FIELD(cut_name), 0},
    {0, "window", NULL, "read texts that are too long part by part", READS_PARTS, FLAG, FIELD(windows), 0},
    {0, "stride", "N", "tokens that neighbouring parts share", READS_PARTS | APP_ANSWERS, COUNT,
     FIELD(stride), INT32_MAX},
    {0, "aggregation", "HOW", "none, simple, first, max or average: how tokens' labels become spans",
     APP_TAGS, TEXT, FIELD(aggregation_name), 0},
    {0, "all", NULL, "what has the label O too", APP_TAGS, FLAG, FIELD(all), 0},
    {0, "pooling", "HOW", "mean, cls, max, last, mean-sqrt or weighted of the tokens' vectors",
     MAKES_VECTORS | APP_SEES_VECTORS, TEXT, FIELD(pooling_name), 0},
    {0, "normalize", NULL, "make vectors 1 long", MAKES_VECTORS | APP_SEES_VECTORS, FLAG, FIELD(normalises),
     0},
    {0, "no-normalize", NULL, "leave vectors as long as they are", MAKES_VECTORS | APP_SEES_VECTORS, FLAG,
     FIELD(leaves_length), 0},
    {0, "scoring", "HOW", "softmax, sigmoid or none over the labels' logits", APP_CLASSIFIES | SEES_CHOICES,
     TEXT, FIELD(scoring_name), 0},
    {0, "grammar", "FILE", "write what this grammar (GBNF) allows", CONSTRAINS, TEXT, FIELD(grammar_path), 0},
    {0, "json-schema", "FILE", "write JSON that this schema allows", CONSTRAINS, TEXT, FIELD(schema_path), 0},
    {0, "regex", "RE", "write what this regular expression matches", CONSTRAINS, TEXT, FIELD(regex), 0},
    {0, "logits", "FILE", "write the f32 logits of every position read", GENERATES, TEXT, FIELD(logits_path),
     0},
    {0, "ignore-eos", NULL, "go on past the end token", WRITES, FLAG, FIELD(generate.ignore_end), 0},
    {0, "echo", NULL, "print the prompt too", GENERATES, FLAG, FIELD(echo), 0},
    {0, "no-echo", NULL, "print the new text only", GENERATES, FLAG, FIELD(no_echo), 0},
    {0, "stats", NULL, "print speed on standard error", GENERATES, FLAG, FIELD(stats), 0},
    {0, "input", "NAME=FILE", "an input, as a .npy file", RUNS_GRAPH, NAMED_INPUT, FIELD(inputs), 0},
    {0, "output", "NAME=FILE", "where to write an output as .npy", RUNS_GRAPH, NAMED_OUTPUT, FIELD(outputs),
     0},
    {'o', "output-file", "FILE", "all outputs as .npz, or the only one as .npy", RUNS_GRAPH, TEXT,
     FIELD(output_path), 0},
    {0, "entry", "NAME", "what to run, where there is a choice", RUNS_GRAPH, TEXT, FIELD(entry), 0},
    {0, "describe", NULL, "list inputs and outputs", SEARCHES | RUNS_GRAPH, FLAG, FIELD(describe), 0},
    {0, "profile", NULL, "print on standard error where the time went, step by step", PROFILES, FLAG,
     FIELD(profile), 0},
    {0, "profile-json", "FILE", "write the same as JSON", PROFILES, TEXT, FIELD(profile_path), 0},
    {0, "bench", NULL, "answer what smelt bench asks on standard input", 0, FLAG, FIELD(bench), 0},
    {0, "threads", "N", "threads to use; else one per processor", RUNS, COUNT, FIELD(threads), 1024},
    {0, "pin", NULL, "keep each thread on one processor", RUNS, FLAG, FIELD(pins), 0},
    {0, "version", NULL, "say what this program is", SEARCHES | RUNS_GRAPH, FLAG, FIELD(version), 0},
    {0, "licenses", NULL, "say what it is made of, under which licences", SEARCHES | RUNS_GRAPH, FLAG,
     FIELD(licenses), 0},
    {'h', "help", NULL, "print this", ANY, FLAG, FIELD(help), 0},
    {0, "help-all", NULL, "print all options", WRITES, FLAG, FIELD(help_all), 0},
};
#undef FIELD
enum { OPTION_COUNT = sizeof options_table / sizeof options_table[0] };

/* Row i of all, from 0; NULL: there are no more. */
static const app_option *option_at(int i) {
  if (i < OPTION_COUNT) return &options_table[i];
  const app_option *const more[] = {app_hearing_options, app_vector_options, app_weights_options};
  i -= OPTION_COUNT;
  for (size_t k = 0; k < sizeof more / sizeof more[0]; k++)
    for (const app_option *row = more[k]; row && row->name; row++)
      if (i-- == 0) return row;
  return NULL;
}

/* ---- values ------------------------------------------------------------------------- */

static bool parse_named_file(app_options *options, app_named_files *files, bool is_input, int argc,
                             const char *text) {
  const char *equals = strchr(text, '=');
  if (!equals || equals == text || !equals[1]) return false;
  app_named_file *items = options->named_files + (is_input ? 0 : argc);
  items[files->count++] = (app_named_file){.argument = text, .path = equals + 1};
  files->items = items;
  return true;
}

/* Puts the value of `row` into its field; false where `text` is no such value. */
static bool set_option(app_options *options, const app_option *row, int argc, const char *text) {
  void *field = (char *)options + row->field;
  uint64_t integer = 0;
  double decimal = 0;
  if (!text && row->kind != FLAG) return false;
  switch (row->kind) {
  case FLAG:
    *(bool *)field = true;
    return true;
  case TEXT:
    *(const char **)field = text;
    return true;
  case COUNT:
    if (!app_parse_integer(text, &integer) || (double)integer > row->maximum) return false;
    *(int32_t *)field = (int32_t)integer;
    if (field == &options->generate.max_new_tokens) options->generate.max_length = 0; /* the model's own */
    return true;
  case DECIMAL:
    if (*text == '-') return false;
    /* fallthrough */
  case SIGNED:
    if (!app_parse_decimal(text, &decimal) || decimal > row->maximum || decimal < -row->maximum) return false;
    *(float *)field = (float)decimal;
    return true;
  case SEED:
    options->seed_given = true;
    return app_parse_integer(text, (uint64_t *)field);
  case STOPPING:
    return app_parse_stopping(text, field);
  case GUESSING:
    return app_parse_guessing(text, &options->generate);
  case NAMED_INPUT:
    return parse_named_file(options, field, true, argc, text);
  case NAMED_OUTPUT:
    return parse_named_file(options, field, false, argc, text);
  case ITEM:
    options->items[options->item_count++] = (app_item){(app_list)row->field, text};
    return true;
  case LABELS:
    options->labels[options->label_count++] = text;
    return true;
  }
  return false;
}

/* ---- the command line ------------------------------------------------------------------ */

/* "-p", "--prompt" or "--prompt=TEXT"; *value points behind the '=', or is NULL. */
static const app_option *find_option(const char *argument, const char **value) {
  *value = NULL;
  if (argument[0] != '-' || !argument[1]) return NULL;
  if (argument[1] != '-') {
    for (int i = 0; i < OPTION_COUNT; i++)
      if (options_table[i].letter == argument[1] && !argument[2]) return &options_table[i];
    return NULL;
  }
  const char *name = argument + 2, *equals = strchr(name, '=');
  size_t bytes = equals ? (size_t)(equals - name) : strlen(name);
  if (equals) *value = equals + 1;
  const app_option *row = NULL;
  for (int i = 0; (row = option_at(i)); i++)
    if (strlen(row->name) == bytes && memcmp(row->name, name, bytes) == 0) break;
  return row;
}

static bool translates(const smelt_model *model) {
  const smelt_manifest_generation *g = model->manifest.generation;
  return g && g->encode_entry != SMELT_NONE && !rt_reads_features(model);
}

/* What options of parts suit a program of these kinds, if it has the parts. */
static const struct {
  int part, kinds;
  void (*function)(void); /* of the part; NULL where it was left out */
} part_suits[] = {{CONSTRAINS, TALKS, (void (*)(void))app_take_constraint},
                  {BEAMS, SEARCHES, (void (*)(void))rt_beam_search},
                  {LINES, GENERATES, (void (*)(void))app_generate_lines},
                  {PROFILES, RUNS, (void (*)(void))app_write_profile}};

/* `kinds` and the parts that go with them: those that are there, or all. */
static int with_parts(int kinds, bool is_all) {
  int more = 0;
  for (size_t i = 0; i < sizeof part_suits / sizeof part_suits[0]; i++)
    if (kinds & part_suits[i].kinds && (is_all || part_suits[i].function)) more |= part_suits[i].part;
  return kinds | more;
}

/* Kinds of options that do something, or say themselves why they cannot; of all parts, or of those that are
 * there. */
static int usable_kinds(const app_options *options, const smelt_model *model, bool of_all) {
  const app_command *usual = app_usual_command(model);
  int kinds = options->command ? options->command->kind : RUNS_GRAPH | (usual ? usual->kind : 0);
  if (!options->command && options->features_path) kinds &= ~HEARS;
  if (!options->command && model->manifest.generation)
    kinds |=
        kinds & HEARS ? READS_FEATURES : GENERATES | READS_FEATURES | (translates(model) ? TRANSLATES : 0);
  if (kinds & TALKS) kinds |= SPECULATES | GUESSES;
  return with_parts(kinds, of_all);
}

/* An option may have a row for each kind. */
static bool is_usable(const app_option *row, int kinds) {
  bool is = row->suits == 0;
  const app_option *other;
  for (int i = 0; (other = option_at(i)); i++)
    is |= other->suits & kinds & ~RARE && strcmp(other->name, row->name) == 0;
  return is;
}

static int refuse_option(const app_options *options, const app_option *row, bool is_left_out) {
  if (is_left_out)
    return app_fail(APP_USAGE, "%s: the program was built without --%s", options->program, row->name);
  if (options->command)
    return app_fail(APP_USAGE, "%s: --%s does nothing for %s; '%s %s --help' lists what does",
                    options->program, row->name, options->command->name, options->program,
                    options->command->name);
  return app_fail(APP_USAGE, "%s: --%s does nothing here; --help lists what does", options->program,
                  row->name);
}

static bool is_arrays(const char *word) {
  return app_ends_with(word, ".npy") || app_ends_with(word, ".npz");
}

/* A word that is no option: an image, a sound, a text or arrays, where there may be some. */
static bool take_word(app_options *options, const smelt_model *model, const char *text) {
  if (*text == '-' && text[1]) return false;
  int kinds = model ? usable_kinds(options, model, false) : 0;
  bool takes_arrays = kinds & RUNS_GRAPH && is_arrays(text);
  if (model && !(kinds & (TAKES_FILES | APP_COMPARES)) && !takes_arrays) return false;
  options->words[options->word_count++] = text;
  return true;
}

/* The words behind argv[i] that are labels too; returns the place of the last. */
static int take_labels(app_options *options, int argc, char **argv, int i) {
  while (i + 1 < argc && argv[i + 1][0] != '-') options->labels[options->label_count++] = argv[++i];
  return i;
}

int app_parse_options(app_options *options, const smelt_model *model, int argc, char **argv) {
  options->program = argc > 0 ? argv[0] : "model";
  options->named_files = calloc(2 * (size_t)argc + 1, sizeof *options->named_files);
  options->items = calloc((size_t)argc + 1, sizeof *options->items);
  options->words = calloc((size_t)argc + 1, sizeof *options->words);
  options->labels = calloc((size_t)argc + 1, sizeof *options->labels);
  if (!options->named_files || !options->items || !options->words || !options->labels)
    return app_fail(APP_INPUT, "%s: out of memory", options->program);
  int first = 1;
  if (argc > 1 && argv[1][0] != '-') {
    options->command = app_command_named(argv[1], model ? app_abilities(model) : 0);
    first += options->command != NULL;
    if (!options->command && model && !(usable_kinds(options, model, false) & TAKES_FILES) &&
        !is_arrays(argv[1]))
      return app_fail(APP_USAGE, "%s: unknown command '%s'; --help lists all", options->program, argv[1]);
    if (options->command && model && !(options->command->kind & app_abilities(model)))
      return app_fail(APP_USAGE,
                      options->command->kind & app_model_abilities(model)
                          ? "%s: the program was built without %s"
                          : "%s: the model cannot %s; --help lists what it can",
                      options->program, argv[1]);
  }
  for (int i = first; i < argc; i++) {
    const char *value;
    if (take_word(options, model, argv[i])) continue;
    const app_option *row = find_option(argv[i], &value);
    if (!row)
      return app_fail(APP_USAGE, "%s: unknown option '%s'; --help lists all", options->program, argv[i]);
    if (model && !is_usable(row, usable_kinds(options, model, false)))
      return refuse_option(options, row, is_usable(row, usable_kinds(options, model, true)));
    if (!row->argument && value)
      return app_fail(APP_USAGE, "%s: --%s takes no value", options->program, row->name);
    if (row->argument && !value && ++i == argc)
      return app_fail(APP_USAGE, "%s: --%s needs %s", options->program, row->name, row->argument);
    if (row->argument && !value) value = argv[i];
    if (!set_option(options, row, argc, value))
      return app_fail(APP_USAGE, "%s: --%s: expected %s (%s), found '%s'", options->program, row->name,
                      row->argument, row->help, value);
    if (row->kind == LABELS && value == argv[i]) i = take_labels(options, argc, argv, i);
  }
  return APP_OK;
}

void app_options_free(app_options *options) {
  free(options->named_files);
  free(options->items);
  free(options->words);
  free(options->labels);
}

/* ---- --help -------------------------------------------------------------------------------- */

static void write_spaces(app_output *out, size_t count) {
  while (count-- > 0) app_write_text(out, " ");
}

static void write_option(app_output *out, const app_option *row) {
  enum { HELP_COLUMN = 26 };
  const char letter[] = {' ', ' ', '-', row->letter, ',', ' ', 0};
  app_write_text(out, row->letter ? letter : "      ");
  app_write_text(out, "--");
  app_write_text(out, row->name);
  app_write_text(out, row->argument ? " " : "");
  app_write_text(out, row->argument ? row->argument : "");
  size_t used = 8 + strlen(row->name) + (row->argument ? 1 + strlen(row->argument) : 0);
  write_spaces(out, used < HELP_COLUMN ? HELP_COLUMN - used : 1);
  app_write_text(out, row->help);
  app_write_text(out, "\n");
}

static void write_options(app_output *out, const app_options *options, int kinds) {
  const app_option *row;
  for (int i = 0; (row = option_at(i)); i++)
    if (row->suits & kinds && (options->help_all || !(row->suits & RARE))) write_option(out, row);
}

/* Options by which a text is guessed, as far as the program can. */
static int guessing_kinds(const smelt_model *model) {
  return (model->image->speculator ? SPECULATES : 0) | (model->image->draft ? GUESSES : 0);
}

/* What there is to see of a command: how it is called, and its options. */
static void write_command_help(app_output *out, const app_options *options, int kinds) {
  const app_command *command = options->command;
  app_write_text(out, options->program);
  app_write_text(out, " ");
  app_write_text(out, command->name);
  app_write_text(out, ": ");
  app_write_text(out, command->help);
  app_write_text(out, ". Example:\n  ");
  app_write_text(out, options->program);
  app_write_text(out, " ");
  app_write_text(out, command->name);
  app_write_text(out, " ");
  app_write_text(out, command->argument);
  app_write_text(out, "\n");
  if (command->kind & APP_SEES)
    app_write_text(out, "  IMAGE...                PNG, JPEG or BMP files; - is standard input\n");
  write_options(out, options, kinds);
}

/* What the program is, and how it is called for what it is mostly for. */
static void write_heading(app_output *out, const app_options *options, const smelt_model *model) {
  int abilities = app_abilities(model);
  const app_command *usual = app_usual_command(model);
  bool generates = abilities & GENERATES;
  app_write_text(out, generates                ? "Writes text with "
                      : !usual                 ? "Runs "
                      : usual->kind & APP_SEES ? "Reads images with "
                                               : "Reads text with ");
  app_write_text(out, rt_manifest_text(&model->manifest, model->manifest.header->model_name));
  app_write_text(out, generates || usual ? ". Example:\n  " : " on .npy files. Example:\n  ");
  app_write_text(out, options->program);
  if (usual) {
    app_write_text(out, " ");
    app_write_text(out, usual->name);
    app_write_text(out, " ");
    app_write_text(out, usual->argument);
    app_write_text(out, "\n");
    return;
  }
  app_write_text(out, abilities & READS_FEATURES ? " --features x.npy -n 64\n"
                      : generates                ? " -p \"Once upon a time\" -n 64 --temp 0.8\n"
                                                 : " --input x=x.npy --output y=y.npy\n");
}

void app_write_help(app_output *out, const app_options *options, const smelt_model *model) {
  int kinds = app_abilities(model) & (GENERATES | RUNS_GRAPH | READS_FEATURES | HEARS);
  int guesses = guessing_kinds(model);
  if (kinds & HEARS) kinds &= ~GENERATES;
  if (translates(model)) kinds |= TRANSLATES;
  if (options->command) {
    int kinds_of_command = with_parts(options->command->kind, false);
    write_command_help(out, options, kinds_of_command | (options->command->kind & CHATS ? guesses : 0));
    return;
  }
  write_heading(out, options, model);
  app_write_commands(out, model);
  write_options(out, options, with_parts(kinds, false) | guesses);
}
