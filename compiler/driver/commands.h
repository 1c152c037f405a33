/* commands.h: one function per command; driver.c's table names them. Private to driver/. */
#ifndef SMELT_DRIVER_COMMANDS_H
#define SMELT_DRIVER_COMMANDS_H

#include "driver/options.h"

/*
 * Each prints its own failure and returns the exit code; `a` outlives the
 * call.
 */
int command_build(arena *a, const driver_options *options);
int command_run(arena *a, const driver_options *options);
int command_inspect(arena *a, const driver_options *options);
int command_bench(arena *a, const driver_options *options);
int command_check(arena *a, const driver_options *options);
int command_targets(arena *a, const driver_options *options);

typedef struct {
  const char *name;
  int bit;
  int (*run)(arena *a, const driver_options *options);
  const char *usage; /* what it is about, if anything, then options worth a word, in brackets */
  const char *summary;
  const char *example;
} command_row;

/* The commands in the order of the general help (driver.c), index from 0; NULL: there are no more. */
const command_row *command_at(size_t index);

/* smelt --version (version.c). Returns the exit code. */
int print_version(void);
/* The page of the manual of a command, "" for smelt's own, as troff's man macros want it (manual.c). */
status print_manual(arena *a, const char *command);
/* What a shell reads to complete smelt's command lines: "bash" or "zsh" (completion.c). */
status print_completion(arena *a, const char *shell);

/* The word of --emit for a bit of codegen_target.forms (build.c). */
const char *emit_form_name(unsigned bit);

/* Compiles options->path into the program `output`; what build and run share. */
status build_program(arena *a, const driver_options *options, const char *output);

#endif
