/* build.c: smelt build: plan -> code -> artefact, in the form that --emit asks for. */
#include "driver/commands.h"
#include "driver/auto.h"
#include "driver/compile.h"
#include "driver/cpu.h"
#include "driver/draft.h"
#include "driver/limits.h"
#include "driver/origin.h"
#include "driver/package.h"
#include "driver/parts.h"
#include "driver/report.h"
#include "driver/storage.h"
#include "link/link.h"

#include <errno.h>
#include <string.h>

/* ---- forms ---- */

typedef struct emit_form emit_form;

struct emit_form {
  const char *name;
  codegen_form code;
  unsigned bit;                    /* of codegen_target.forms; 0: text, which every target has */
  status (*finish)(link_job *job); /* NULL: text */
};

static const emit_form emit_forms[] = {
    {"exe", CODEGEN_OBJECT, CODEGEN_EXE, link_executable},
    {"obj", CODEGEN_OBJECT, CODEGEN_OBJ, link_object},
    {"lib", CODEGEN_OBJECT, CODEGEN_LIB, link_library},
    {"shared", CODEGEN_OBJECT, CODEGEN_SHARED, link_shared},
    {"llvm", CODEGEN_LLVM, 0, NULL},
    {"asm", CODEGEN_ASSEMBLY, 0, NULL},
    {"graph", CODEGEN_LLVM, 0, NULL},
};

static status find_form(arena *a, const char *name, const emit_form **form) {
  for (size_t i = 0; i < sizeof emit_forms / sizeof *emit_forms; i++) {
    *form = &emit_forms[i];
    if (strcmp((*form)->name, name) == 0) return OK;
  }
  status s = fail(a, STATUS_USAGE, "--emit got '%s'", name);
  return fail_expected(a, s, "exe, obj, lib, shared, llvm, asm or graph");
}

const char *emit_form_name(unsigned bit) {
  for (size_t i = 0; i < sizeof emit_forms / sizeof *emit_forms; i++)
    if (emit_forms[i].bit == bit) return emit_forms[i].name;
  return "";
}

/* Some targets have no programs, or no shared libraries. */
static status check_form(arena *a, const driver_options *options, const emit_form *form) {
  const codegen_target *target;
  TRY(compile_target(a, options, &target));
  if (!form->bit || target->forms & form->bit) return OK;
  text names = {0};
  for (size_t i = 0; i < sizeof emit_forms / sizeof *emit_forms; i++)
    if (!emit_forms[i].bit || target->forms & emit_forms[i].bit)
      text_print(&names, "%s%s", names.count ? ", " : "", emit_forms[i].name);
  status s = fail(a, STATUS_USAGE, "there is no --emit %s for target %s", form->name, target->name);
  s = fail_expected(a, s, "one of %s", names.bytes);
  text_free(&names);
  return s;
}

/* What is found again when the plan is known, so that no time is lost on a misspelt name. */
static status check_cpu(arena *a, const driver_options *options) {
  const codegen_target *target;
  cpu_choice choice;
  TRY(compile_target(a, options, &target));
  return options->cpu ? cpu_find(a, target, options->cpu, &choice) : OK;
}

/* ---- code ---- */

static void show_level(void *user, size_t done, size_t total) {
  const compilation *c = user;
  progress_show(&c->progress, "generating code", done, total);
}

/*
 * The index of what --cpu names among the target's levels, of a processor the best that such a program gains
 * from; without it all, -1, or the last where the text forms need one.
 */
static status choose_level(compilation *c, bool is_text, int *index) {
  cpu_choice choice;
  *index = -1;
  if (c->options->cpu) {
    TRY(cpu_find(&c->arena, c->target, c->options->cpu, &choice));
    *index = choice.is_processor ? codegen_gaining_level(c->plan, c->target, choice.level) : choice.level;
  } else if (is_text) {
    while (codegen_level_at(c->target, *index + 1)) ++*index;
  }
  return OK;
}

typedef struct {
  codegen_output files[CODEGEN_MAX_FILES];
  size_t count;
} code;

static void code_free(code *made) {
  for (size_t i = 0; i < made->count; i++) text_free(&made->files[i].bytes);
}

/* A model on its way into the artefact: the one that was asked for, or its draft. */
typedef struct {
  compilation *c;
  const char *name;       /* its image is smelt_model_NAME */
  const char *draft_name; /* the same of the model that guesses for it; NULL: none */
  model_origin *origin;   /* what is to be found of its files; NULL: nobody asks */
} part;

static status begin_code(const part *p, const emit_form *form, codegen_job **job) {
  compilation *c = p->c;
  codegen_options options = {.target = c->target, .model_name = p->name, .form = form->code};
  options.has_runtime = form->finish != NULL;
  options.has_tokenizer = c->tokenizer.count > 0;
  options.draft_name = p->draft_name;
  options.weights_source = storage_source(c->options);
  options.weights_are_beside = options.weights_source && c->options->weights;
  if (c->options->speculates) options.speculator = p->draft_name ? "rt_draft" : "rt_lookup";
  TRY(choose_level(c, !form->finish, &options.only_level));
  progress_show(&c->progress, "generating code", 0, 0);
  return codegen_begin(&c->arena, c->plan, &options, job);
}

static status end_code(compilation *c, codegen_job *job, code *made) {
  return codegen_end(job, made->files, &made->count, show_level, c);
}

/* ---- artefacts ---- */

/* Where a file that is larger by up to a huge page is no larger to speak of; where one that is larger by a
 * page is. */
enum { LARGE_WEIGHTS_BYTES = 16 * LINK_HUGE_PAGE_BYTES, SMALL_WEIGHTS_BYTES = 4 << 20 };

static status add_weights(const part *p, const emit_form *form, link_job *job, plan_manifest_info *info) {
  compilation *c = p->c;
  progress_show(&c->progress, "packing weights", 0, 0);
  bool by_user = form->finish != link_executable, is_large = c->plan->weights_bytes >= LARGE_WEIGHTS_BYTES;
  bool is_small = c->plan->weights_bytes < SMALL_WEIGHTS_BYTES;
  link_blob weights = {.symbol = arena_format(&c->arena, "%s_weights", p->name),
                       .alignment = by_user && is_large ? LINK_HUGE_PAGE_BYTES
                                    : is_small          ? PLAN_ALIGN_BYTES
                                                        : 0};
  return storage_add(c, job, &weights, info);
}

static status add_data(const part *p, const emit_form *form, link_job *job) {
  compilation *c = p->c;
  const char *name = p->name;
  text manifest = {0};
  plan_manifest_info info = {.model_name = c->folder.name,
                             .smelt_version = SMELT_VERSION,
                             .tokenizer_bytes = c->tokenizer.count,
                             .chat = &c->chat};
  if (c->is_generator) {
    info.generation = &c->generation;
    info.suppressed = c->folder.suppressed.tokens;
    info.suppressed_first = c->folder.suppressed_first.tokens;
    info.bad_words = c->folder.bad_words.tokens;
    info.forced_first = c->folder.forced_first.tokens;
    info.forced_last = c->folder.forced_last.tokens;
    info.biased = c->folder.biased.tokens;
    info.biases = c->folder.biases;
    info.hearing = c->hears ? &c->hearing : NULL;
    info.language_codes = c->language_codes;
    info.language_tokens = c->language_tokens;
  }
  if (c->reads_images) info.vision = &c->vision;
  if (c->reads_text || c->reads_images) {
    info.reader = &c->reader;
    info.labels = c->labels;
    info.prompts = c->prompts;
  }
  TRY(add_weights(p, form, job, &info));
  status s = plan_write_manifest(c->plan, &info, &manifest);
  if (!s)
    s = link_add_bytes(job, arena_format(&c->arena, "%s_manifest", name), 8, manifest.bytes, manifest.count);
  text_free(&manifest);
  TRY(s);
  if (c->tokenizer.count) {
    TRY(link_add_bytes(job, arena_format(&c->arena, "%s_tokenizer", name), 64, c->tokenizer.bytes,
                       c->tokenizer.count));
  }
  return OK;
}

static status add_code(const part *p, link_job *job, const code *made) {
  for (size_t i = 0; i < made->count; i++) {
    const codegen_output *file = &made->files[i];
    const char *name =
        arena_format(&p->c->arena, "%s%s", p->c->options->is_draft ? "draft-" : "", file->name);
    TRY(link_add_object(job, name, file->bytes.bytes, file->bytes.count));
  }
  return OK;
}

/* Weights are packed, and the model's files read, while LLVM works on the code. */
static status add_model(const part *p, const emit_form *form, link_job *job) {
  code made = {0};
  codegen_job *coding = NULL;
  status s = begin_code(p, form, &coding);
  if (!s) s = add_data(p, form, job);
  if (!s && p->origin) s = origin_find(p->c, p->origin);
  status ended = end_code(p->c, coding, &made);
  if (!s) s = ended;
  if (!s) s = add_code(p, job, &made);
  code_free(&made);
  return s;
}

/* What a program says of itself (runtime/app/about.c). */
static status add_about(link_job *job, const part *model, const part *draft) {
  text about = {0};
  origin_write_about(&about, model->c, model->origin, draft->c, draft->origin);
  status s = link_add_bytes(job, "smelt_about", 1, about.bytes, about.count);
  text_free(&about);
  return s;
}

/* `draft` may be NULL. */
static status write_artefact(compilation *c, compilation *draft, const emit_form *form, const char *name,
                             const char *output) {
  link_job *job = NULL;
  model_origin origin, draft_origin;
  bool is_program = form->finish == link_executable, is_asked = is_program || c->options->sbom;
  const char *runtime, *draft_name = draft ? arena_format(&c->arena, "%s_draft", name) : NULL;
  TRY(link_library_folder(&c->arena, &runtime)); /* found missing at once */
  status s = link_begin(&c->arena, c->target, output, &job);
  if (!s) parts_add(c, job);
  if (!s && c->options->prefix) link_set_prefix(job, c->options->prefix, name);
  if (!s && !is_program) s = package_add(c, job, form->name, name, output);
  part model = {.c = c, .name = name, .draft_name = draft_name, .origin = is_asked ? &origin : NULL};
  part guesser = {.c = draft, .name = draft_name, .origin = is_asked && draft ? &draft_origin : NULL};
  if (!s) s = add_model(&model, form, job);
  if (!s && draft) s = add_model(&guesser, form, job);
  if (!s && is_program) s = add_about(job, &model, &guesser);
  progress_show(&c->progress, "linking", 0, 0);
  if (!s) s = form->finish(job);
  if (!s && c->options->sbom)
    s = origin_write_sbom(c, &origin, draft, &draft_origin, output, c->options->sbom);
  if (!s) link_ignore_interrupts();
  link_end(job);
  return s;
}

/* Text goes to stdout or, whole or not at all, to -o. */
static status write_text(compilation *c, const char *output, const text *t) {
  if (output) return file_replace(&c->arena, output, t->bytes, t->count);
  if (fwrite(t->bytes, 1, t->count, stdout) == t->count) return OK;
  return fail(&c->arena, STATUS_INPUT, "cannot be written: %s", strerror(errno));
}

static status write_text_form(compilation *c, const emit_form *form, const char *name) {
  text graph = {0};
  if (strcmp(form->name, "graph") == 0) {
    ir_print_module(&graph, c->module);
    status s = write_text(c, c->options->output, &graph);
    text_free(&graph);
    return s;
  }
  code made = {0};
  codegen_job *coding = NULL;
  status begun = begin_code(&(part){.c = c, .name = name}, form, &coding), s = end_code(c, coding, &made);
  if (begun) s = begun;
  if (!s) s = write_text(c, c->options->output, &made.files[0].bytes);
  code_free(&made);
  return s;
}

/* ---- the command ---- */

/* A C identifier, since it becomes part of symbols. */
static status check_name(arena *a, const char *option, const char *name) {
  size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  if (*name && !name[good] && (*name < '0' || *name > '9')) return OK;
  return fail_expected(a, fail(a, STATUS_USAGE, "%s got '%s'", option, name), "a C identifier");
}

/* What names of such files end with, "" where nothing. */
static const char *suffix_of(const codegen_target *target, const emit_form *form) {
  static const struct {
    codegen_os os;
    const char *program, *shared;
  } systems[] = {
      {CODEGEN_WINDOWS, ".exe", ".dll"}, {CODEGEN_MACOS, "", ".dylib"}, {CODEGEN_WASI, ".wasm", ".wasm"}};
  const char *program = "", *shared = ".so";
  for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
    if (systems[i].os != target->os) continue;
    program = systems[i].program;
    shared = systems[i].shared;
  }
  const char *const suffixes[][2] = {{"exe", program}, {"obj", ".o"}, {"lib", ".a"}, {"shared", shared}};
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (strcmp(form->name, suffixes[i][0]) == 0) return suffixes[i][1];
  return "";
}

static status default_output(compilation *c, const emit_form *form, const char **output) {
  *output = arena_format(&c->arena, "%s%s", c->folder.name, suffix_of(c->target, form));
  if (!file_is_folder(*output)) return OK;
  status s = fail(&c->arena, STATUS_USAGE, "'%s' is a folder", *output);
  return fail_hint(&c->arena, s, "name the result with -o");
}

/* A program for this machine is itself what is compared. */
static status report(compilation *c, const emit_form *form, const char *output) {
  const char *cpu = c->options->cpu;
  bool runs_here = c->target == codegen_target_host() && strcmp(form->name, "exe") == 0 &&
                   (!cpu || strcmp(cpu, "native") == 0);
  if (runs_here && !strchr(output, '/')) output = file_join(&c->arena, ".", output);
  return report_precision(&c->arena, c, runs_here ? output : NULL);
}

static bool is_auto(const driver_options *options) {
  return options->precision && strcmp(options->precision, "auto") == 0;
}

static status check_report(arena *a, const driver_options *options, const emit_form *form) {
  if (options->report_text && !options->reports && !is_auto(options))
    return fail_hint(a, fail(a, STATUS_USAGE, "--report-text says what to report on"),
                     "add --report, or --precision auto");
  if (!options->reports || form->finish) return OK;
  return fail_expected(a, fail(a, STATUS_USAGE, "--report compares programs, --emit got '%s'", form->name),
                       "exe, obj, lib or shared");
}

static status check_sbom(arena *a, const driver_options *options, const emit_form *form) {
  if (!options->sbom || form->finish) return OK;
  return fail_expected(a, fail(a, STATUS_USAGE, "--sbom is of what is linked, --emit got '%s'", form->name),
                       "exe, obj, lib or shared");
}

static status check_draft(arena *a, const driver_options *options, const emit_form *form) {
  if (options->draft_precision && !options->draft)
    return fail_hint(a, fail(a, STATUS_USAGE, "--draft-precision says how a draft is stored"), "add --draft");
  if (!options->draft || form->finish) return OK;
  status s = fail(a, STATUS_USAGE, "--draft puts two models into one program, --emit got '%s'", form->name);
  return fail_expected(a, s, "exe, obj, lib or shared");
}

/* What compile_begin made of the model, and its draft, if it has one, into the artefact. */
static status finish(compilation *c, const emit_form *form, const char *name, const char *output) {
  compilation draft;
  if (!form->finish) return write_text_form(c, form, name);
  TRY(limits_check(c, NULL, form->bit));
  if (!output) TRY(default_output(c, form, &output));
  if (c->options->sbom && strcmp(c->options->sbom, output) == 0)
    return fail(&c->arena, STATUS_USAGE, "--sbom and -o name one file, '%s'", output);
  TRY(package_check(&c->arena, c->options, c->target, form->name, output));
  if (!c->options->draft) {
    TRY(write_artefact(c, NULL, form, name, output));
  } else {
    status s = draft_begin(c, &draft);
    if (!s) s = limits_check(c, &draft, form->bit);
    if (!s) s = write_artefact(c, &draft, form, name, output);
    s = fail_keep(&c->arena, s);
    compile_end(&draft);
    TRY(s);
  }
  return c->options->reports ? report(c, form, output) : OK;
}

static status build(arena *a, const driver_options *options, const char *output) {
  const emit_form *form;
  const char *name = options->name ? options->name : "main";
  TRY(find_form(a, options->emit, &form));
  TRY(check_form(a, options, form));
  TRY(check_cpu(a, options));
  TRY(check_name(a, "--name", name));
  if (options->prefix) TRY(check_name(a, "--prefix", options->prefix));
  TRY(check_report(a, options, form));
  TRY(check_sbom(a, options, form));
  TRY(check_draft(a, options, form));
  TRY(parts_check(a, options, form->name));
  TRY(storage_check(a, options, form->finish != NULL));
  driver_options chosen = *options;
  if (is_auto(options)) TRY(auto_choose(a, options, &chosen));
  chosen.speculates |= chosen.draft != NULL;
  compilation c;
  status s = compile_begin(&c, &chosen);
  if (!s) s = finish(&c, form, name, output);
  s = fail_keep(a, s);
  compile_end(&c);
  return s;
}

status build_program(arena *a, const driver_options *options, const char *output) {
  return build(a, options, output);
}

int command_build(arena *a, const driver_options *options) {
  status s = build(a, options, options->output);
  if (!s) return STATUS_OK;
  print_failure(s);
  return s->code;
}
