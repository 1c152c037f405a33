/* targets.c: smelt targets: what programs can be made for, for people and for programs. */
#include "codegen/codegen.h"
#include "driver/commands.h"

#include <jansson.h>
#include <string.h>

static const char *const systems[] = {[CODEGEN_NO_OS] = "none",
                                      [CODEGEN_LINUX] = "linux",
                                      [CODEGEN_WASI] = "wasi",
                                      [CODEGEN_WINDOWS] = "windows",
                                      [CODEGEN_MACOS] = "macos"};

/* ---- text ---- */

static void print_row(const char *target, const char *forms, const char *level, const char *cpu,
                      const char *features) {
  printf("%-15s %-22s %-14s %s%s%s\n", target, forms, level, cpu, *features ? " " : "", features);
}

static void print_target(arena *a, const codegen_target *target) {
  const char *forms = "";
  for (unsigned bit = CODEGEN_EXE; bit <= CODEGEN_SHARED; bit <<= 1)
    if (target->forms & bit)
      forms = arena_format(a, "%s%s%s", forms, *forms ? ", " : "", emit_form_name(bit));
  const codegen_level *level;
  for (int i = 0; (level = codegen_level_at(target, i)); i++)
    print_row(i ? "" : target->name, i ? "" : forms, codegen_level_name(level), level->cpu, level->features);
}

/* ---- processors ---- */

/* Whether an earlier target has the same levels, so that its rows say all. */
static bool is_told(const codegen_target *target) {
  const codegen_target *earlier;
  for (size_t i = 0; (earlier = codegen_target_at(i)) != target; i++)
    if (earlier->levels == target->levels) return true;
  return false;
}

static void print_processors_of(const codegen_target *target) {
  enum { LINE_COLUMNS = 100, NAME_COLUMN = 30 };
  const char *name = target->name;
  const codegen_level *level;
  for (int i = 0; (level = codegen_level_at(target, i)); i++) {
    if (!level->processors) continue;
    size_t column = (size_t)printf("%-15s %-14s", name, codegen_level_name(level)), length;
    for (const char *at = level->processors; (length = strcspn(at, " ")); at += length, at += *at == ' ') {
      if (column + 1 + length > LINE_COLUMNS) column = (size_t)printf("\n%*s", NAME_COLUMN, "") - 1;
      column += (size_t)printf(" %.*s", (int)length, at);
    }
    printf("\n");
    name = "";
  }
}

static void print_processors(void) {
  const codegen_target *target;
  printf("\nProcessors, which --cpu takes too, by the best level that each has:\n");
  for (size_t i = 0; (target = codegen_target_at(i)); i++)
    if (!is_told(target)) print_processors_of(target);
}

static void print_targets(arena *a) {
  const codegen_target *target, *host = codegen_target_host();
  print_row("--target", "--emit", "--cpu", "CPU and features, as LLVM calls them", "");
  for (size_t i = 0; (target = codegen_target_at(i)); i++) print_target(a, target);
  print_processors();
  if (host) printf("\nThis machine: %s\n", host->name);
}

/* ---- JSON ---- */

/* The words of `list`, of which any of `between` parts two; NULL: none. */
static json_t *list_words(const char *list, const char *between) {
  json_t *words = json_array();
  for (const char *at = list ? list : ""; *at; at += strspn(at, between)) {
    size_t length = strcspn(at, between);
    json_array_append_new(words, json_stringn(at, length));
    at += length;
  }
  return words;
}

static json_t *describe_level(const codegen_level *level) {
  return json_pack("{s:s, s:s, s:o, s:o}", "level", codegen_level_name(level), "cpu", level->cpu, "features",
                   list_words(level->features, ","), "processors", list_words(level->processors, " "));
}

static json_t *describe_target(const codegen_target *target) {
  json_t *forms = json_array(), *levels = json_array();
  for (unsigned bit = CODEGEN_EXE; bit <= CODEGEN_SHARED; bit <<= 1)
    if (target->forms & bit) json_array_append_new(forms, json_string(emit_form_name(bit)));
  const codegen_level *level;
  for (int i = 0; (level = codegen_level_at(target, i)); i++)
    json_array_append_new(levels, describe_level(level));
  return json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:o, s:o}", "target", target->name, "triple",
                   target->triple, "processor", target->arch, "system", systems[target->os], "pointer_bytes",
                   (int)target->pointer_bytes, "is_host", target == codegen_target_host(), "link_with",
                   target->libraries, "forms", forms, "levels", levels);
}

static void print_json(void) {
  json_t *targets = json_array();
  for (size_t i = 0; codegen_target_at(i); i++)
    json_array_append_new(targets, describe_target(codegen_target_at(i)));
  json_dumpf(targets, stdout, JSON_INDENT(2));
  printf("\n");
  json_decref(targets);
}

int command_targets(arena *a, const driver_options *options) {
  if (options->json)
    print_json();
  else
    print_targets(a);
  return STATUS_OK;
}
