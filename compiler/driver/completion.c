/* completion.c: what bash and zsh read to complete smelt's command lines, from the tables that help reads. */
#include "driver/commands.h"
#include "driver/cpu.h"

#include <string.h>

/* Whether a value is a file's name, or a model's: a file or a folder. */
static bool takes_path(const option_row *row) {
  return row->argument && (strcmp(row->argument, "FILE") == 0 || strcmp(row->argument, "MODEL") == 0);
}

/*
 * What a row's value may be, a space between them; empty: anything. Targets are too many for their help, and
 * processors: those of this machine's kind.
 */
static const char *choices_of(arena *a, const option_row *row) {
  const char *names = "";
  if (strcmp(row->name, "--cpu") == 0) return cpu_names(a, codegen_target_host());
  if (strcmp(row->name, "--target") != 0) return option_choices(a, row);
  for (size_t i = 0; codegen_target_at(i); i++)
    names = arena_format(a, "%s%s%s", names, i ? " " : "", codegen_target_at(i)->name);
  return names;
}

static void print_commands(void) {
  const command_row *command;
  for (size_t i = 0; (command = command_at(i)); i++) printf("%s%s", i ? " " : "", command->name);
}

/* ---- bash ---- */

static void print_bash_values(arena *a, const command_row *command) {
  const option_row *row;
  printf("    case $before in\n");
  for (size_t i = 0; (row = option_at(command->bit, i)); i++) {
    if (!row->argument) continue;
    const char *choices = choices_of(a, row);
    printf("    %s%s%s) ", row->short_name ? row->short_name : "", row->short_name ? " | " : "", row->name);
    if (*choices)
      printf("COMPREPLY=($(compgen -W \"%s\" -- \"$word\")) ;;\n", choices);
    else
      printf(takes_path(row) ? "compopt -o default ;;\n" : ";;\n");
  }
  printf("    *) options=\"");
  for (size_t i = 0; (row = option_at(command->bit, i)); i++)
    printf("%s%s%s%s", i ? " " : "", row->short_name ? row->short_name : "", row->short_name ? " " : "",
           row->name);
  printf("\" ;;\n    esac\n");
}

static void print_bash(arena *a) {
  const command_row *command;
  printf("# bash completion of smelt %s, made by `smelt completion bash`\n", SMELT_VERSION);
  printf("_smelt() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options=\n"
         "  COMPREPLY=()\n"
         "  if [[ $COMP_CWORD -eq 1 ]]; then\n"
         "    COMPREPLY=($(compgen -W \"");
  print_commands();
  printf(" --help --version\" -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  # --option=value is three words here\n"
         "  [[ $word == = ]] && word=\n"
         "  [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "  case ${COMP_WORDS[1]} in\n");
  for (size_t i = 0; (command = command_at(i)); i++) {
    printf("  %s)\n", command->name);
    print_bash_values(a, command);
    printf("    ;;\n");
  }
  printf("  esac\n"
         "  [[ -n $options ]] || return\n"
         "  if [[ $word == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
         "  else\n"
         "    compopt -o default\n"
         "  fi\n"
         "}\n"
         "complete -F _smelt smelt\n");
}

/* ---- zsh ---- */

/* Help within the quotes and brackets of _arguments and _describe. */
static void print_zsh_help(const char *help) {
  for (; *help; help++) {
    if (*help == '\'')
      printf("'\\''");
    else if (strchr("[]:\\", *help))
      printf("\\%c", *help);
    else
      putchar(*help);
  }
}

static void print_zsh_option(arena *a, const option_row *row) {
  const char *again = row->kind == TAKES_WORDS ? "*" : "";
  const char *choices = choices_of(a, row);
  for (int i = row->short_name ? 0 : 1; i < 2; i++) {
    printf("      '%s", again);
    if (row->short_name && !*again) printf("(%s %s)", row->short_name, row->name);
    printf("%s[", i == 0 ? row->short_name : row->name);
    print_zsh_help(row->help);
    printf("]");
    if (row->argument && *choices)
      printf(":%s:(%s)", row->argument, choices);
    else if (row->argument)
      printf(":%s:%s", row->argument, takes_path(row) ? "_files" : " ");
    printf("' \\\n");
  }
}

static void print_zsh(arena *a) {
  const command_row *command;
  const option_row *row;
  printf("#compdef smelt\n# zsh completion of smelt %s, made by `smelt completion zsh`\n", SMELT_VERSION);
  printf("_smelt() {\n"
         "  local -a commands\n"
         "  commands=(\n");
  for (size_t i = 0; (command = command_at(i)); i++) {
    printf("    '%s:", command->name);
    print_zsh_help(command->summary);
    printf("'\n");
  }
  printf("  )\n"
         "  if ((CURRENT == 2)); then\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  shift words\n"
         "  ((CURRENT--))\n"
         "  case $words[1] in\n");
  for (size_t i = 0; (command = command_at(i)); i++) {
    printf("  %s)\n    _arguments -s \\\n", command->name);
    for (size_t j = 0; (row = option_at(command->bit, j)); j++) print_zsh_option(a, row);
    bool takes_file = *command->usage != '[';
    printf("      '*:%.*s:%s'\n    ;;\n", takes_file ? (int)strcspn(command->usage, " ") : 0, command->usage,
           takes_file ? "_files" : " ");
  }
  printf("  esac\n"
         "}\n"
         "_smelt \"$@\"\n");
}

status print_completion(arena *a, const char *shell) {
  if (strcmp(shell, "bash") == 0) {
    print_bash(a);
  } else if (strcmp(shell, "zsh") == 0) {
    print_zsh(a);
  } else {
    return fail_expected(a, fail(a, STATUS_USAGE, "completion for the shell '%s'", shell), "bash or zsh");
  }
  return OK;
}
