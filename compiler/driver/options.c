/* options.c: one row per option; parser and help read the same rows. */
#include "driver/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(driver_options, name)

static const option_row option_table[] = {
    {"--output", "-o", "FILE", COMMAND_BUILD, TAKES_TEXT, FIELD(output),
     "where the result goes (default: the model's name)"},
    {"--target", NULL, "NAME", COMMAND_BUILD | COMMAND_INSPECT, TAKES_TEXT, FIELD(target),
     "what 'smelt targets' lists, such as aarch64-linux (default: this machine)"},
    {"--emit", NULL, "FORM", COMMAND_BUILD, TAKES_TEXT, FIELD(emit),
     "exe, obj, lib, shared, llvm, asm or graph (default: exe)"},
    {"--name", NULL, "NAME", COMMAND_BUILD, TAKES_TEXT, FIELD(name),
     "obj, lib, shared: the image is smelt_model_NAME"},
    {"--prefix", NULL, "NAME", COMMAND_BUILD, TAKES_TEXT, FIELD(prefix),
     "lib, shared: all symbols, smelt_open too, begin with NAME_ in place of smelt_"},
    {"--package", NULL, NULL, COMMAND_BUILD, TAKES_NOTHING, FIELD(package),
     "lib, shared: with files for pkg-config and CMake beside it"},
    {"--weights", NULL, "NAME", COMMAND_BUILD, TAKES_TEXT, FIELD(weights),
     "put the weights into a file of that name beside the result"},
    {"--compress", NULL, NULL, COMMAND_BUILD, TAKES_NOTHING, FIELD(compresses),
     "store the weights compressed; the program unpacks them when it first starts"},
    {"--cpu", NULL, "NAME", COMMAND_BUILD, TAKES_TEXT, FIELD(cpu),
     "for it alone: native (this machine), a level (x86-64-v3) or a processor (znver4)"},
    {"--without", NULL, "PART,..", COMMAND_BUILD, TAKES_TEXT, FIELD(without),
     "constraints, beams, lines, score, tokenize, chat, bench, prefill or all: leave out"},
    {"--suite", NULL, NULL, COMMAND_CHECK, TAKES_NOTHING, FIELD(suite), "run every test below the folder"},
    {"--jobs", "-j", "N", COMMAND_CHECK, TAKES_COUNT, FIELD(jobs), "tests to run at once (default: 1)"},
    {"--json", NULL, "FILE", COMMAND_CHECK, TAKES_TEXT, FIELD(report), "write what became of each test"},
    {"--cpu", NULL, "NAME", COMMAND_CHECK, TAKES_TEXT, FIELD(cpu),
     "the level to run, such as x86-64-v3, or a processor's (default: the best)"},
    {"--max-tokens", NULL, "N", COMMAND_COMPILES, TAKES_COUNT, FIELD(max_tokens),
     "longest text, prompt included (default: the model's own, at most 4096)"},
    {"--max-batch", NULL, "N", COMMAND_COMPILES, TAKES_COUNT, FIELD(max_batch),
     "largest value of a graph's other symbolic sizes (default: 1)"},
    {"--fix", NULL, "NAME=NUMBERS", COMMAND_COMPILES, TAKES_WORDS, FIELD(fixed),
     "make the input NAME a constant: one number, or all of them (1,2,3)"},
    {"--length", NULL, "NAME=N", COMMAND_COMPILES, TAKES_WORDS, FIELD(lengths),
     "the input NAME is a sequence of N tensors"},
    {"--absent", NULL, "NAME", COMMAND_COMPILES, TAKES_WORDS, FIELD(absent),
     "the optional input NAME is not there (default: it is)"},
    {"--precision", NULL, "P", COMMAND_COMPILES, TAKES_TEXT, FIELD(precision),
     "f32, bf16, int8, int4 or auto: what weights are stored in (default: f32)"},
    {"--kv", NULL, "P", COMMAND_COMPILES, TAKES_TEXT, FIELD(kv),
     "f32, bf16 or int8: what keys and values are kept in (default: f32)"},
    {"--speculate", NULL, NULL, COMMAND_BUILD | COMMAND_RUN, TAKES_NOTHING, FIELD(speculates),
     "the program can guess tokens from its text and check several at once"},
    {"--draft", NULL, "MODEL", COMMAND_BUILD | COMMAND_RUN, TAKES_TEXT, FIELD(draft),
     "a smaller model with the same tokenizer, which guesses; implies --speculate"},
    {"--draft-precision", NULL, "P", COMMAND_BUILD | COMMAND_RUN, TAKES_TEXT, FIELD(draft_precision),
     "f32, bf16, int8 or int4: of its weights (default: as the model's)"},
    {"--report", NULL, NULL, COMMAND_BUILD, TAKES_NOTHING, FIELD(reports),
     "compare with f32 on a sample: errors, equal tokens, sizes"},
    {"--report-text", NULL, "FILE", COMMAND_BUILD, TAKES_TEXT, FIELD(report_text),
     "the sample (default: a built-in text, or random inputs)"},
    {"--sbom", NULL, "FILE", COMMAND_BUILD, TAKES_TEXT, FIELD(sbom),
     "write what it is made of and linked with, as SPDX 2.3"},
    {"--passes", NULL, NULL, COMMAND_COMPILES, TAKES_NOTHING, FIELD(passes), "say what each pass did"},
    {"--print-after", NULL, "PASS", COMMAND_COMPILES, TAKES_TEXT, FIELD(print_after),
     "print the graph after a pass, or 'all'"},
    {"--print-plan", NULL, NULL, COMMAND_COMPILES, TAKES_NOTHING, FIELD(print_plan),
     "print the steps and where values lie"},
    {"--json", NULL, NULL, COMMAND_INSPECT, TAKES_NOTHING, FIELD(json),
     "for programs: the same facts, exact and as expressions"},
    {"--html", NULL, "FILE", COMMAND_INSPECT, TAKES_TEXT, FIELD(page),
     "write a page: the facts, the graph and the memory as drawings"},
    {"--threads", NULL, "N", COMMAND_BENCH, TAKES_COUNT, FIELD(threads),
     "threads of the program (default: one per processor)"},
    {"--repeats", NULL, "N", COMMAND_BENCH, TAKES_COUNT, FIELD(repeats),
     "samples, of which the median counts (default: 5)"},
    {"--json", NULL, NULL, COMMAND_BENCH, TAKES_NOTHING, FIELD(json),
     "for programs: the same figures, exact"},
    {"--json", NULL, NULL, COMMAND_TARGETS, TAKES_NOTHING, FIELD(json), "for programs: the same, and more"},
    {"--html", NULL, "FILE", COMMAND_BENCH, TAKES_TEXT, FIELD(page),
     "write a page: the figures and each step's time as drawings"},
    {"--quiet", "-q", NULL, COMMAND_COMPILES | COMMAND_BENCH, TAKES_NOTHING, FIELD(quiet), "no progress"},
    {"--quiet", "-q", NULL, COMMAND_CHECK, TAKES_NOTHING, FIELD(quiet),
     "count unsupported tests and do not list them"},
    {"--help", "-h", NULL, COMMAND_ALL, TAKES_NOTHING, FIELD(help), "this text"},
};

enum { OPTION_COUNT = sizeof option_table / sizeof *option_table };

static status usage(arena *a, const char *format, const char *word) {
  status s = fail(a, STATUS_USAGE, format, word);
  return fail_hint(a, s, "see 'smelt --help'");
}

/* The row that `word` (up to `length`, before a '=') names for the command. */
static const option_row *find_row(int command, const char *word, size_t length) {
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    const option_row *row = &option_table[i];
    if (!(row->commands & command)) continue;
    if (strlen(row->name) == length && memcmp(row->name, word, length) == 0) return row;
    if (row->short_name && strcmp(row->short_name, word) == 0) return row;
  }
  return NULL;
}

static status parse_count(arena *a, const option_row *row, const char *value, int64_t *count) {
  char *end;
  errno = 0;
  long long number = strtoll(value, &end, 10);
  if (*value && !*end && !errno && number >= 1 && number <= INT32_MAX) {
    *count = number;
    return OK;
  }
  return fail_expected(a, usage(a, arena_format(a, "%s got '%%s'", row->name), value),
                       "a number from 1 to %d", INT32_MAX);
}

static status set_option(arena *a, const option_row *row, const char *value, driver_options *options) {
  void *field = (char *)options + row->offset;
  switch (row->kind) {
  case TAKES_NOTHING:
    *(bool *)field = true;
    return OK;
  case TAKES_TEXT:
    *(const char **)field = value;
    return OK;
  case TAKES_WORDS: {
    option_words *list = field;
    ARENA_PUSH(a, list->words, list->count, list->capacity) = value;
    return OK;
  }
  default:
    return parse_count(a, row, value, field);
  }
}

/* One option at argv[*index], with its argument in the same word or the next. */
static status parse_option(arena *a, int command, int argc, char **argv, int *index,
                           driver_options *options) {
  char *word = argv[*index], *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
  const option_row *row = find_row(command, word, equals ? (size_t)(equals - word) : strlen(word));
  if (!row) return usage(a, "unknown option '%s'", word);
  if (row->kind == TAKES_NOTHING)
    return equals ? usage(a, "%s takes no value", row->name) : set_option(a, row, NULL, options);
  if (equals) return set_option(a, row, equals + 1, options);
  if (++*index >= argc) return usage(a, "%s needs a value", row->name);
  return set_option(a, row, argv[*index], options);
}

/* What a command is about, as messages call it; NULL: it takes options alone. */
static const char *operand_of(int command) {
  return command == COMMAND_TARGETS ? NULL : command == COMMAND_BENCH ? "program" : "model";
}

static status take_operand(arena *a, int command, const char *word, driver_options *options) {
  const char *operand = operand_of(command);
  if (!operand) return usage(a, "only options are taken, and not '%s'", word);
  if (options->path) {
    const char *format = arena_format(a, "one %s at a time: '%%s' is a second one", operand);
    return usage(a, format, word);
  }
  options->path = word;
  return OK;
}

status options_parse(arena *a, int command, int argc, char **argv, driver_options *options) {
  *options = (driver_options){.emit = "exe", .max_batch = 1, .jobs = 1, .repeats = 5};
  for (int i = 0; i < argc; i++) {
    if (strcmp(argv[i], "--") == 0 && command == COMMAND_RUN) {
      options->rest = argv + i + 1;
      options->rest_count = argc - i - 1;
      break;
    }
    if (argv[i][0] == '-' && argv[i][1]) {
      TRY(parse_option(a, command, argc, argv, &i, options));
    } else {
      TRY(take_operand(a, command, argv[i], options));
    }
  }
  if (!options->path && !options->help && operand_of(command))
    return usage(a, "no %s given", operand_of(command));
  return OK;
}

const option_row *option_at(int command, size_t index) {
  for (size_t i = 0; i < OPTION_COUNT; i++)
    if (option_table[i].commands & command && index-- == 0) return &option_table[i];
  return NULL;
}

const char *option_choices(arena *a, const option_row *row) {
  const char *choices = "", *at = row->help;
  for (bool is_last = false;; at += is_last ? strlen(" or ") : strlen(", ")) {
    size_t length = strcspn(at, ", :(");
    choices = arena_format(a, "%s%s%.*s", choices, *choices ? " " : "", (int)length, at);
    at += length;
    bool is_end = *at == ':' || strncmp(at, " (", 2) == 0;
    if (is_last || is_end) return is_last && is_end ? choices : "";
    is_last = strncmp(at, " or ", strlen(" or ")) == 0;
    if (!is_last && *at != ',') return "";
  }
}

void options_print(FILE *out, int command) {
  const option_row *row;
  for (size_t i = 0; (row = option_at(command, i)); i++) {
    char left[64];
    snprintf(left, sizeof left, "%s%s%s %s", row->short_name ? row->short_name : "",
             row->short_name ? ", " : "    ", row->name, row->argument ? row->argument : "");
    fprintf(out, "  %-25s %s\n", left, row->help);
  }
}
