/* manual.c: pages of the manual, from the tables that help reads. Format: man(7). */
#include "driver/commands.h"

#include <string.h>

/* ---- what help does not say ---- */

typedef struct {
  const char *name;
  const char *text; /* an empty line between paragraphs */
} remark;

/* Of commands; "" is smelt itself. */
static const remark descriptions[] = {
    {"", "smelt turns an ONNX transformer into one native program. Weights, kernels, tokenizer and the "
         "decoding loop are "
         "in a single static file that needs nothing on the machine where it runs.\n"
         "MODEL is a folder as model hubs lay it out (model.onnx, config.json, tokenizer.json) or one .onnx "
         "file."},
    {"build",
     "The program is written to FILE, whole when everything else has succeeded: after an error or an "
     "interrupt, what "
     "was there before is there still, and nothing else. Equal input gives equal output, byte for byte.\n"
     "On a terminal the build shows what it is doing; in a pipe it is silent."},
    {"run", "The program is temporary, runs with what stands after --, and its exit code becomes smelt's. "
            "Nothing is left "
            "behind."},
    {"inspect", "What the model is and was made of, its size as stored and as packed, what its entries take "
                "and give, what was "
                "recognised in them, the work of one call and what limits it."},
    {"bench", "PROGRAM is what smelt build made. Its speed is shown beside what the machine's memory and "
              "processors allow."},
    {"check", "FOLDER has a model.onnx and folders test_data_set_N with inputs and expected outputs."},
    {"targets", "The values of --target, with the forms of --emit and the levels of --cpu that each has: all "
                "levels are in one "
                "program, which takes the best that the machine has, unless --cpu names one."},
};

static const remark exit_codes[] = {
    {"0", "Done."},
    {"1", "The input is at fault: model, tokenizer, configuration, or the place for the result."},
    {"2", "The command line is."},
    {"3", "smelt is; please report it."},
};

static const remark variables[] = {
    {"SMELT_LIB", "The folder lib/smelt with a folder for each target; else it is found beside the program."},
    {"SMELT_LD",
     "The linker, a name on PATH or a path; else ld.lld of the version that smelt was built with."},
    {"TMPDIR", "Where programs that smelt runs itself are made; else /tmp."},
};

/* ---- writing troff ---- */

/* Text as it stands: hyphens stay hyphens, and nothing is a request. */
static void write_text(const char *text, size_t count) {
  for (size_t i = 0; i < count; i++) {
    bool is_first = i == 0 || text[i - 1] == '\n';
    if (is_first && (text[i] == '.' || text[i] == '\'')) printf("\\&");
    if (text[i] == '\\')
      printf("\\e");
    else if (text[i] == '-')
      printf("\\-");
    else
      putchar(text[i]);
  }
}

static void write_all(const char *text) {
  write_text(text, strlen(text));
}

static void write_font(char font, const char *text) {
  printf("\\f%c", font);
  write_all(text);
  printf("\\fR");
}

static void write_paragraphs(const char *text) {
  for (const char *at = text; *at;) {
    size_t length = strcspn(at, "\n");
    if (at != text) printf(".PP\n");
    write_text(at, length);
    printf("\n");
    at += length + (at[length] == '\n');
  }
}

static void write_remarks(const char *heading, const remark *rows, size_t count) {
  printf(".SH %s\n", heading);
  for (size_t i = 0; i < count; i++) {
    printf(".TP\n");
    write_font('B', rows[i].name);
    printf("\n");
    write_paragraphs(rows[i].text);
  }
}

static void write_description(const char *command) {
  for (size_t i = 0; i < sizeof descriptions / sizeof *descriptions; i++) {
    if (strcmp(descriptions[i].name, command) != 0) continue;
    printf(".SH DESCRIPTION\n");
    write_paragraphs(descriptions[i].text);
  }
}

static void write_option(const option_row *row) {
  printf(".TP\n");
  if (row->short_name) {
    write_font('B', row->short_name);
    printf(", ");
  }
  write_font('B', row->name);
  if (row->argument) {
    printf(" ");
    write_font('I', row->argument);
  }
  printf("\n");
  write_all(row->help);
  printf("\n");
}

static void write_example(const char *example) {
  printf(".nf\n");
  write_all(example);
  printf("\n.fi\n");
}

/* ---- pages ---- */

static void write_end(void) {
  write_remarks("EXIT STATUS", exit_codes, sizeof exit_codes / sizeof *exit_codes);
  write_remarks("ENVIRONMENT", variables, sizeof variables / sizeof *variables);
  printf(".SH SEE ALSO\n");
}

static void write_general(void) {
  const command_row *row;
  printf(".TH SMELT 1 \"\" \"smelt %s\" \"User Commands\"\n", SMELT_VERSION);
  printf(".SH NAME\nsmelt \\- compile an ONNX transformer into one native program\n.SH SYNOPSIS\n");
  printf("\\fBsmelt\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]... \\fIWHAT\\fR\n.br\n\\fBsmelt\\fR "
         "\\fB\\-\\-help\\fR | \\fB\\-\\-version\\fR\n");
  write_description("");
  printf(".SH COMMANDS\n");
  for (size_t i = 0; (row = command_at(i)); i++) {
    printf(".TP\n");
    write_font('B', row->name);
    printf(" ");
    write_all(row->usage);
    printf("\n");
    write_all(row->summary);
    printf("\n");
  }
  printf(".SH EXAMPLES\n");
  for (size_t i = 0; (row = command_at(i)); i++) write_example(row->example);
  write_end();
  for (size_t i = 0; (row = command_at(i)); i++) printf("%s.BR smelt\\-%s (1)", i ? " ,\n" : "", row->name);
  printf("\n");
}

static void write_command(const command_row *command) {
  printf(".TH SMELT\\-");
  for (const char *c = command->name; *c; c++) putchar(*c - 'a' + 'A');
  printf(" 1 \"\" \"smelt %s\" \"User Commands\"\n", SMELT_VERSION);
  printf(".SH NAME\nsmelt\\-%s \\- ", command->name);
  write_all(command->summary);
  printf("\n.SH SYNOPSIS\n\\fBsmelt %s\\fR [\\fIOPTION\\fR]... ", command->name);
  write_all(command->usage);
  printf("\n");
  write_description(command->name);
  printf(".SH OPTIONS\n");
  const option_row *row;
  for (size_t i = 0; (row = option_at(command->bit, i)); i++) write_option(row);
  printf(".SH EXAMPLES\n");
  write_example(command->example);
  write_end();
  printf(".BR smelt (1)\n");
}

status print_manual(arena *a, const char *command) {
  const command_row *row;
  if (!*command) {
    write_general();
    return OK;
  }
  for (size_t i = 0; (row = command_at(i)); i++) {
    if (strcmp(row->name, command) != 0) continue;
    write_command(row);
    return OK;
  }
  return fail_expected(a, fail(a, STATUS_USAGE, "no command is called '%s'", command),
                       "a name that 'smelt --help' lists");
}
