/* options.h: the options of all commands, read from one table. Private to driver/. */
#ifndef SMELT_DRIVER_OPTIONS_H
#define SMELT_DRIVER_OPTIONS_H

#include "base/base.h"

/* Commands an option belongs to, as bits. */
enum {
  COMMAND_BUILD = 1,
  COMMAND_RUN = 2,
  COMMAND_INSPECT = 4,
  COMMAND_CHECK = 8,
  COMMAND_BENCH = 16,
  COMMAND_TARGETS = 32,
  COMMAND_COMPILES = 7,
  COMMAND_ALL = 63
};

/* The arguments of an option that may be given several times. */
typedef struct {
  const char **words;
  size_t count, capacity;
} option_words;

typedef struct {
  const char *path;            /* the model: a folder or an .onnx file */
  const char *output;          /* -o */
  const char *target;          /* --target */
  const char *emit;            /* --emit */
  const char *name;            /* --name: of the image symbol smelt_model_NAME */
  const char *prefix;          /* --prefix: of all symbols of a library */
  bool package;                /* --package: with files for pkg-config and CMake */
  const char *weights;         /* --weights: the file beside the result that they go into */
  bool compresses;             /* --compress: the weights */
  const char *print_after;     /* --print-after PASS, or "all" */
  const char *cpu;             /* --cpu: what code is made or run for alone */
  const char *precision;       /* --precision: of the weights */
  const char *kv;              /* --kv: of the keys and values that are kept */
  bool speculates;             /* --speculate: an entry that verifies several tokens at once */
  const char *draft;           /* --draft: the model that guesses for this one; NULL: none */
  const char *draft_precision; /* --draft-precision: NULL: the model's */
  bool is_draft;               /* this is that model: max_tokens is what it need not exceed */
  bool reports;                /* --report: compare with f32 */
  const char *report_text;     /* --report-text: on what */
  const char *without;         /* --without: parts of the program that it is to lack; NULL: none */
  const char *sbom;            /* --sbom: where the bill of materials goes; NULL: nowhere */
  const bool *kept;            /* what `auto` found: weights that int8 leaves in bf16, by number */
  size_t kept_count;
  bool measures_losses; /* while it looks: ir_module.measures_losses */
  int64_t max_tokens;   /* 0: from the model */
  int64_t max_batch;    /* largest value of other symbolic sizes named like a batch */
  option_words fixed;   /* --fix NAME=NUMBERS */
  option_words lengths; /* --length NAME=N */
  option_words absent;  /* --absent NAME */
  bool passes;          /* --passes: what each pass did */
  bool print_plan;      /* --print-plan */
  bool json;            /* inspect, bench, targets: --json */
  const char *page;     /* inspect --html: where the page goes */
  bool quiet;           /* --quiet: no progress */
  bool suite;           /* check --suite: every test below the folder */
  int64_t jobs;         /* check --jobs: tests at once */
  const char *report;   /* check --json: where the report goes */
  int64_t threads;      /* bench --threads; 0: as many as the program takes by itself */
  int64_t repeats;      /* bench --repeats: samples per figure */
  bool help;
  char **rest; /* run: arguments for the program */
  int rest_count;
} driver_options;

/*
 * Fills `options` from the words after the command's name. Fails with
 * STATUS_USAGE naming the word at fault.
 */
status options_parse(arena *a, int command, int argc, char **argv, driver_options *options);

/* One line per option of the command: "  --target NAME   ..." */
void options_print(FILE *out, int command);

typedef enum { TAKES_TEXT, TAKES_WORDS, TAKES_COUNT, TAKES_NOTHING } option_kind;

typedef struct {
  const char *name;
  const char *short_name; /* may be NULL */
  const char *argument;   /* as help shows it; NULL for flags */
  int commands;
  option_kind kind;
  size_t offset; /* of the field in driver_options */
  /* What it is for. Where it begins with a list ("exe, obj or lib (...)"), these are the values to choose
   * from. */
  const char *help;
} option_row;

/* Options of the command in the order of its help, index from 0; NULL: there are no more. */
const option_row *option_at(int command, size_t index);

/* The values that a row's help lists, a space between them; empty: it lists none. Text lives in `a`. */
const char *option_choices(arena *a, const option_row *row);

#endif
