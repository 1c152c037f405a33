/* cpu.c: what --cpu names: this machine, a level of the target, or a processor, which has a best level. */
#include "driver/cpu.h"

#include <string.h>

static const char NATIVE[] = "native";

static int level_named(const codegen_target *target, const char *name) {
  const codegen_level *level;
  for (int i = 0; (level = codegen_level_at(target, i)); i++)
    if (strcmp(codegen_level_name(level), name) == 0) return i;
  return -1;
}

/* ---- names that were meant ---- */

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* How many characters have to be put in, taken away or replaced to make one word of the other. */
static size_t distance(arena *a, const char *from, const char *to) {
  size_t count = strlen(to), *row = ARENA_ARRAY(a, size_t, count + 1);
  for (size_t i = 0; i <= count; i++) row[i] = i;
  for (size_t k = 0; from[k]; k++) {
    size_t before = row[0]++; /* of the row above, one place to the left */
    for (size_t i = 1; i <= count; i++) {
      size_t replaced = before + (from[k] != to[i - 1]);
      before = row[i];
      row[i] = least(replaced, least(row[i], row[i - 1]) + 1);
    }
  }
  return row[count];
}

typedef struct {
  const char *name;
  size_t distance;
} near_name;

enum { NEAR_NAMES = 3, LONGEST_NAME = 64 };

/* Puts it among the nearest, nearest first. */
static void keep_near(near_name *nearest, near_name found) {
  for (int i = 0; i < NEAR_NAMES; i++) {
    if (nearest[i].name && nearest[i].distance <= found.distance) continue;
    near_name later = nearest[i];
    nearest[i] = found;
    found = later;
  }
}

/* "znver3, znver4": processors with names like this one; "" if there are none. */
static const char *names_like(arena *a, const codegen_target *target, const char *name) {
  near_name nearest[NEAR_NAMES] = {{0}};
  const char *processor, *names = "";
  size_t length = strlen(name);
  if (length > LONGEST_NAME) return "";
  for (size_t i = 0; (processor = codegen_processor_at(a, target, i)); i++) {
    near_name found = {processor, distance(a, name, processor)};
    if (found.distance <= length / 2) keep_near(nearest, found);
  }
  for (int i = 0; i < NEAR_NAMES && nearest[i].name; i++)
    names = arena_format(a, "%s%s%s", names, i ? ", " : "", nearest[i].name);
  return names;
}

/* ---- failures ---- */

static status say_levels(arena *a, const codegen_target *target, status s) {
  const codegen_level *level;
  const char *names = "";
  for (int i = 0; (level = codegen_level_at(target, i)); i++)
    names = arena_format(a, "%s%s%s", names, i ? ", " : "", codegen_level_name(level));
  return fail_expected(a, s, "one of %s", names);
}

/* Another target that knows the name, or NULL. */
static const codegen_target *target_with(const char *name) {
  const codegen_target *target;
  for (size_t i = 0; (target = codegen_target_at(i)); i++)
    if (level_named(target, name) >= 0 || codegen_processor_level(target, name) >= 0) return target;
  return NULL;
}

static status unknown(arena *a, const codegen_target *target, const char *name) {
  status s = fail(a, STATUS_USAGE, "target %s has no level and no processor '%s'", target->name, name);
  s = say_levels(a, target, s);
  const codegen_target *other = target_with(name);
  if (other) return fail_hint(a, s, "--target %s has it", other->name);
  const char *like = names_like(a, target, name);
  return fail_hint(a, s, "%s%s'smelt targets' lists processors too", like, *like ? " are like it; " : "");
}

/* ---- what there is ---- */

static status find_native(arena *a, const codegen_target *target, cpu_choice *choice) {
  *choice = (cpu_choice){codegen_fast_host_level(), true};
  if (target == codegen_target_host() && choice->level >= 0) return OK;
  status s = fail(a, STATUS_USAGE, "this machine is no %s with a level that programs have", target->name);
  return say_levels(a, target, s);
}

status cpu_find(arena *a, const codegen_target *target, const char *name, cpu_choice *choice) {
  if (strcmp(name, NATIVE) == 0) return find_native(a, target, choice);
  *choice = (cpu_choice){level_named(target, name), false};
  if (choice->level >= 0) return OK;
  *choice = (cpu_choice){codegen_processor_level(target, name), true};
  return choice->level >= 0 ? OK : unknown(a, target, name);
}

const char *cpu_names(arena *a, const codegen_target *target) {
  const codegen_level *level;
  const char *names = NATIVE;
  for (int i = 0; (level = codegen_level_at(target, i)); i++)
    names = arena_format(a, "%s %s%s%s", names, codegen_level_name(level), level->processors ? " " : "",
                         level->processors ? level->processors : "");
  return names;
}
