/* codegen.c: one file per instruction-set level, and the image table. */
#include "codegen/stage.h"

static bool has_layouts(const plan_module *plan, unsigned layouts) {
  for (size_t i = 0; i < plan->weight_count; i++)
    if (layouts >> plan->weights[i].layout & 1) return true;
  return false;
}

bool level_wanted(const codegen_options *options, const plan_module *plan, int level) {
  const codegen_level *row = &options->target->levels[level];
  if (options->only_level >= 0) return options->only_level == level;
  return row->cpu && (row->layouts == 0 || has_layouts(plan, row->layouts));
}

static const char *file_suffix(codegen_form form) {
  return form == CODEGEN_OBJECT ? "o" : form == CODEGEN_ASSEMBLY ? "s" : "ll";
}

typedef status module_filler(emitter *e, const plan_module *plan, const codegen_options *options);

static status make_file(arena *a, const plan_module *plan, const codegen_options *options,
                        const codegen_level *level, const char *name, module_filler *fill,
                        codegen_output *output) {
  LLVMTargetMachineRef machine;
  TRY(machine_make(a, options->target, level, &machine));
  emitter *e = emit_new(a, plan->module, level, name);
  status s = fill(e, plan, options);
  output->name = arena_format(a, "%s.%s", name, file_suffix(options->form));
  if (!s) s = machine_write(e, machine, options->target, options->form, &output->bytes);
  emit_free(e);
  LLVMDisposeTargetMachine(machine);
  return s;
}

static status make_files(arena *a, const plan_module *plan, const codegen_options *options,
                         codegen_output *outputs, size_t *output_count,
                         void (*progress)(void *user, size_t done, size_t total), void *user) {
  size_t total = 0, done = 0;
  for (int i = 0; i < CODEGEN_MAX_LEVELS; i++) total += level_wanted(options, plan, i);
  for (int i = 0; i < CODEGEN_MAX_LEVELS; i++) {
    if (!level_wanted(options, plan, i)) continue;
    const codegen_level *level = &options->target->levels[i];
    if (progress) progress(user, done++, total);
    const char *name = arena_format(a, "code-%s", codegen_level_name(level));
    TRY(make_file(a, plan, options, level, name, entries_emit, &outputs[(*output_count)++]));
  }
  if (progress) progress(user, total, total);
  if (options->form != CODEGEN_OBJECT) return OK;
  return make_file(a, plan, options, &options->target->levels[0], "image", image_emit,
                   &outputs[(*output_count)++]);
}

status codegen_make(arena *a, const plan_module *plan, const codegen_options *options,
                    codegen_output *outputs, size_t *output_count,
                    void (*progress)(void *user, size_t done, size_t total), void *user) {
  *output_count = 0;
  for (int i = 0; i <= CODEGEN_MAX_LEVELS; i++) outputs[i] = (codegen_output){0};
  status s = make_files(a, plan, options, outputs, output_count, progress, user);
  if (!s) return OK;
  for (size_t i = 0; i < *output_count; i++) text_free(&outputs[i].bytes);
  *output_count = 0;
  return s;
}
