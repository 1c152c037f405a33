/* driver.c: the table of commands and the general help. */
#include "driver/driver.h"
#include "driver/commands.h"
#include "driver/diagnostics.h"

#include <errno.h>
#include <string.h>

static const command_row command_table[] = {
    {"build", COMMAND_BUILD, command_build, "MODEL [-o PROGRAM]", "compile a model into a program",
     "smelt build ./gpt2 -o gpt2 && ./gpt2 -p \"Once upon a time\""},
    {"run", COMMAND_RUN, command_run, "MODEL [-- ARGUMENTS]", "compile a model and run the program at once",
     "smelt run ./gpt2 -- -p \"Once upon a time\" -n 64"},
    {"inspect", COMMAND_INSPECT, command_inspect, "MODEL", "show what a model becomes",
     "smelt inspect ./gpt2"},
    {"bench", COMMAND_BENCH, command_bench, "PROGRAM", "time a program next to the machine's limits",
     "smelt bench ./gpt2 --html gpt2.html"},
    {"check", COMMAND_CHECK, command_check, "FOLDER [--suite]",
     "run tests in the form of the ONNX backend suite", "smelt check --suite ./onnx/backend/test/data -j 4"},
    {"targets", COMMAND_TARGETS, command_targets, "[--json]", "list what programs can be made for",
     "smelt targets --json"},
};

enum { COMMAND_COUNT = sizeof command_table / sizeof *command_table };

const command_row *command_at(size_t index) {
  return index < COMMAND_COUNT ? &command_table[index] : NULL;
}

static void print_help(void) {
  printf("smelt %s: compiles an ONNX transformer into one native program\n\n", SMELT_VERSION);
  printf("MODEL is a folder as model hubs lay it out (model.onnx, config.json, tokenizer.json) or one .onnx "
         "file.\n\n");
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    printf("  smelt %-8s%-24s%s\n", command_table[i].name, command_table[i].usage, command_table[i].summary);
  }
  printf("  smelt COMMAND --help                  options of a command\n");
  printf("  smelt --version\n\nexamples:\n");
  for (size_t i = 0; i < COMMAND_COUNT; i++) printf("  %s\n", command_table[i].example);
}

static void print_command_help(const command_row *command) {
  printf("smelt %s %s: %s\n\n", command->name, command->usage, command->summary);
  options_print(stdout, command->bit);
  printf("\nexample:\n  %s\n", command->example);
}

static int run_command(const command_row *command, int argc, char **argv) {
  arena a = {0};
  driver_options options;
  int code = STATUS_OK;
  status s = options_parse(&a, command->bit, argc, argv, &options);
  if (s) {
    print_failure(s);
    code = s->code;
  } else if (options.help) {
    print_command_help(command);
  } else {
    code = command->run(&a, &options);
  }
  arena_free(&a);
  return code;
}

/* What the build asks for, and help does not show: the manual and the shells' completions. */
static int print_for_install(const char *word, const char *what) {
  arena a = {0};
  status s;
  if (strcmp(word, "manual") == 0) {
    s = print_manual(&a, what);
  } else if (strcmp(word, "completion") == 0) {
    s = print_completion(&a, what);
  } else {
    s = fail_hint(&a, fail(&a, STATUS_USAGE, "unknown command '%s'", word), "see 'smelt --help'");
  }
  if (s) print_failure(s);
  int code = s ? (int)s->code : STATUS_OK;
  arena_free(&a);
  return code;
}

static int run(int argc, char **argv) {
  const char *word = argc > 1 ? argv[1] : "--help";
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(word, command_table[i].name) == 0) return run_command(&command_table[i], argc - 2, argv + 2);
  }
  if (strcmp(word, "--version") == 0) return print_version();
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
    print_help();
    return argc > 1 ? STATUS_OK : STATUS_USAGE;
  }
  return print_for_install(word, argc > 2 ? argv[2] : "");
}

/* What was printed and is still held may find no room either. */
int driver_main(int argc, char **argv) {
  int code = run(argc, argv);
  errno = 0;
  bool is_written = fflush(stdout) == 0 && !ferror(stdout);
  if (is_written || code != STATUS_OK) return code;
  arena a = {0};
  status s = fail(&a, STATUS_INPUT, "standard output cannot be written%s%s", errno ? ": " : "",
                  errno ? strerror(errno) : "");
  print_failure(s);
  code = s->code;
  arena_free(&a);
  return code;
}
