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

static const codegen_level *level_at(const codegen_target *target, int index) {
  return index < CODEGEN_MAX_LEVELS && target->levels[index].cpu ? &target->levels[index] : NULL;
}

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
  for (int i = 0; (level = level_at(target, i)); i++)
    print_row(i ? "" : target->name, i ? "" : forms, codegen_level_name(level), level->cpu, level->features);
}

static void print_targets(arena *a) {
  const codegen_target *target, *host = codegen_target_host();
  print_row("--target", "--emit", "--isa", "CPU and features, as LLVM calls them", "");
  for (size_t i = 0; (target = codegen_target_at(i)); i++) print_target(a, target);
  if (host) printf("\nThis machine: %s\n", host->name);
}

/* ---- JSON ---- */

static json_t *describe_level(const codegen_level *level) {
  json_t *features = json_array();
  for (const char *at = level->features; *at; at += strspn(at, ",")) {
    size_t length = strcspn(at, ",");
    json_array_append_new(features, json_stringn(at, length));
    at += length;
  }
  return json_pack("{s:s, s:s, s:o}", "level", codegen_level_name(level), "cpu", level->cpu, "features",
                   features);
}

static json_t *describe_target(const codegen_target *target) {
  json_t *forms = json_array(), *levels = json_array();
  for (unsigned bit = CODEGEN_EXE; bit <= CODEGEN_SHARED; bit <<= 1)
    if (target->forms & bit) json_array_append_new(forms, json_string(emit_form_name(bit)));
  const codegen_level *level;
  for (int i = 0; (level = level_at(target, i)); i++) json_array_append_new(levels, describe_level(level));
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
