/*
 * codegen.c: one file per instruction-set level, what they share, and the image table. Modules
 * are filled one after the other; then each has a thread on which LLVM makes
 * the file of it, since they share nothing.
 */
#include "codegen/stage.h"

#include <pthread.h>

static bool has_layouts(const plan_module *plan, unsigned layouts) {
  for (size_t i = 0; i < plan->weight_count; i++)
    if (layouts >> plan->weights[i].layout & 1) return true;
  return false;
}

bool level_wanted(const codegen_options *options, const plan_module *plan, int level) {
  const codegen_level *row = codegen_level_at(options->target, level);
  if (options->only_level >= 0) return options->only_level == level;
  return row && (row->layouts == 0 || has_layouts(plan, row->layouts)) && !has_layouts(plan, row->never_with);
}

int codegen_gaining_level(const plan_module *plan, const codegen_target *target, int best) {
  while (target->levels[best].layouts && !has_layouts(plan, target->levels[best].layouts)) best--;
  return best;
}

bool level_has_own_bits(const plan_module *plan, const codegen_level *level) {
  return level->engines & ENGINE_BF16 && has_layouts(plan, 1u << PLAN_PAIRS);
}

/* What results are rounded to on their way, so that a last bit would become more: a weight or a cache. */
static bool is_short(ir_dtype dtype) {
  return dtype == SMELT_BF16 || dtype == SMELT_F16 || dtype == SMELT_I8 || dtype == SMELT_U8;
}

static bool has_short_numbers(const plan_module *plan) {
  for (size_t i = 0; i < plan->weight_count; i++)
    if (is_short(plan->weights[i].constant->type.dtype)) return true;
  for (size_t i = 0; i < plan->module->state_count; i++)
    if (is_short(plan->module->states[i].type.dtype)) return true;
  return false;
}

static const char *file_suffix(codegen_form form) {
  return form == CODEGEN_OBJECT ? "o" : form == CODEGEN_ASSEMBLY ? "s" : "ll";
}

typedef enum { LEVEL_FILE, STEPS_FILE, IMAGE_FILE } file_kind;

/* A file on its way. */
typedef struct {
  file_kind kind;
  const codegen_options *options;
  LLVMTargetMachineRef machine;
  emitter *e;
  arena memory; /* the emitter's once its thread runs: what fails is said there */
  bool is_running;
  pthread_t thread;
  codegen_output output;
  status failed;
} module_file;

enum { LLVM_STACK_BYTES = 16 << 20 };

struct codegen_job {
  arena *a;
  codegen_options options;
  module_file files[CODEGEN_MAX_FILES];
  size_t count;
  status failed; /* before LLVM was asked */
};

/* ---- filling ---- */

/* A file in `job` for a module of the level, with LLVM's machine for it. */
static status add_file(codegen_job *job, const plan_module *plan, file_kind kind, const codegen_level *level,
                       const char *name) {
  module_file *file = &job->files[job->count++];
  file->kind = kind;
  file->options = &job->options;
  file->output.name = arena_format(job->a, "%s.%s", name, file_suffix(job->options.form));
  TRY(machine_make(job->a, job->options.target, level, &file->machine));
  file->e = emit_new(job->a, plan->module, level, name);
  file->e->steady = has_short_numbers(plan);
  return OK;
}

/* Machines first: making them writes what all of LLVM reads. */
static status add_files(codegen_job *job, const plan_module *plan) {
  const codegen_level *levels = job->options.target->levels;
  for (int i = 0; i < CODEGEN_MAX_LEVELS; i++) {
    if (!level_wanted(&job->options, plan, i)) continue;
    const char *name = arena_format(job->a, "code-%s", codegen_level_name(&levels[i]));
    TRY(add_file(job, plan, LEVEL_FILE, &levels[i], name));
  }
  if (steps_are_apart(&job->options)) TRY(add_file(job, plan, STEPS_FILE, &levels[0], "steps"));
  if (job->options.form != CODEGEN_OBJECT) return OK;
  return add_file(job, plan, IMAGE_FILE, &levels[0], "image");
}

static void fill(const module_file *file, const plan_module *plan, const kernel_list *kernels) {
  switch (file->kind) {
  case LEVEL_FILE:
    level_emit(file->e, plan, kernels, file->options);
    break;
  case STEPS_FILE:
    steps_emit(file->e, plan, kernels, file->options);
    break;
  case IMAGE_FILE:
    image_emit(file->e, plan, file->options);
    break;
  }
}

/* ---- LLVM ---- */

/* What LLVM worked with, gone as soon as it is done. */
static void free_module(module_file *file) {
  if (file->e) emit_free(file->e);
  if (file->machine) LLVMDisposeTargetMachine(file->machine);
  file->e = NULL;
  file->machine = NULL;
}

static void *work(void *argument) {
  module_file *file = argument;
  const codegen_options *options = file->options;
  file->failed = machine_write(file->e, file->machine, options->target, options->form, &file->output.bytes);
  free_module(file);
  return NULL;
}

static void start(module_file *file) {
  pthread_attr_t attributes;
  file->e->arena = &file->memory;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, LLVM_STACK_BYTES);
  file->is_running = pthread_create(&file->thread, &attributes, work, file) == 0;
  pthread_attr_destroy(&attributes);
  if (!file->is_running) work(file);
}

static status fill_and_start(codegen_job *job, const plan_module *plan) {
  kernel_list kernels;
  TRY(kernels_list(job->a, plan, &kernels));
  TRY(add_files(job, plan));
  for (size_t i = 0; i < job->count; i++) {
    fill(&job->files[i], plan, &kernels);
    start(&job->files[i]);
  }
  return OK;
}

/* ---- jobs ---- */

status codegen_begin(arena *a, const plan_module *plan, const codegen_options *options,
                     codegen_job **result) {
  codegen_job *job = ARENA_NEW(a, codegen_job);
  *job = (codegen_job){.a = a, .options = *options};
  *result = job;
  return job->failed = fill_and_start(job, plan);
}

status codegen_end(codegen_job *job, codegen_output *outputs, size_t *output_count,
                   void (*progress)(void *user, size_t done, size_t total), void *user) {
  *output_count = 0;
  if (!job) return OK;
  status failed = job->failed;
  for (size_t i = 0; i < job->count; i++) {
    module_file *file = &job->files[i];
    if (progress) progress(user, i, job->count);
    if (file->is_running) pthread_join(file->thread, NULL);
    free_module(file);
    if (!failed) failed = fail_keep(job->a, file->failed);
    arena_free(&file->memory);
    outputs[(*output_count)++] = file->output;
  }
  if (!failed) return OK;
  for (size_t i = 0; i < *output_count; i++) text_free(&outputs[i].bytes);
  *output_count = 0;
  return failed;
}

status codegen_make(arena *a, const plan_module *plan, const codegen_options *options,
                    codegen_output *outputs, size_t *output_count) {
  codegen_job *job;
  codegen_begin(a, plan, options, &job); /* its failure is codegen_end's too */
  return codegen_end(job, outputs, output_count, NULL, NULL);
}
