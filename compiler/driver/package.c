/*
 * package.c: the files beside an object or a library: NAME.h, and with --package NAME.pc and
 * NAME-config.cmake, where the library is NAME.a or libNAME.a. They find it where they lie themselves.
 */
#define _GNU_SOURCE /* memmem */
#include "driver/package.h"
#include "driver/header.h"

#include <string.h>

/* "verse" of "dist/libverse.a". */
static const char *base_name(arena *a, const char *output) {
  const char *slash = strrchr(output, '/'), *name = slash ? slash + 1 : output;
  if (strncmp(name, "lib", 3) == 0 && name[3] && name[3] != '.') name += 3;
  const char *point = strrchr(name, '.');
  return arena_format(a, "%.*s", (int)(point && point > name ? point - name : (ptrdiff_t)strlen(name)), name);
}

static const char *in_folder_of(arena *a, const char *output, const char *name) {
  const char *slash = strrchr(output, '/');
  return arena_format(a, "%.*s%s", (int)(slash ? slash + 1 - output : 0), output, name);
}

static bool has_library(const char *form) {
  return strcmp(form, "lib") == 0 || strcmp(form, "shared") == 0;
}

static bool is_dll_form(const codegen_target *target, const char *form) {
  return target->os == CODEGEN_WINDOWS && strcmp(form, "shared") == 0;
}

static bool ends(const char *text, const char *with) {
  size_t length = strlen(text), least = strlen(with);
  return length >= least && strcmp(text + length - least, with) == 0;
}

/* A header of that name that is the user's own stays. */
static status check_header(arena *a, const char *output) {
  const char *path = in_folder_of(a, output, arena_format(a, "%s.h", base_name(a, output)));
  if (strcmp(path, output) == 0)
    return fail_hint(a, fail(a, STATUS_USAGE, "'%s' is where the header goes", output),
                     "name the result NAME.o");
  if (!file_exists(path)) return OK;
  file_view view;
  TRY(file_map(a, path, &view));
  enum { FIRST_BYTES = 1024 };
  size_t seen = view.count < FIRST_BYTES ? view.count : FIRST_BYTES;
  bool is_ours = memmem(view.bytes, seen, HEADER_MARK, strlen(HEADER_MARK)) != NULL;
  file_unmap(&view);
  if (is_ours) return OK;
  status s = fail_file(a, fail(a, STATUS_INPUT, "would be replaced by the model's header"), path);
  return fail_hint(a, s, "give the result another name with -o, or take that file away");
}

/* A module has no linker's names. */
static status check_option(arena *a, const codegen_target *target, const char *option, const char *form) {
  if (!has_library(form))
    return fail_expected(a, fail(a, STATUS_USAGE, "%s is for libraries, --emit got '%s'", option, form),
                         "lib or shared");
  bool is_module = target->os == CODEGEN_WASI && strcmp(form, "shared") == 0;
  bool is_there = strcmp(option, "--prefix") == 0 ? link_has_prefix(target) : !is_module;
  if (is_there) return OK;
  return fail(a, STATUS_USAGE, "there is no %s of --emit %s for target %s", option, form, target->name);
}

status package_check(arena *a, const driver_options *options, const codegen_target *target, const char *form,
                     const char *output) {
  if (is_dll_form(target, form) && ends(output, ".lib"))
    return fail_hint(a, fail(a, STATUS_USAGE, "'%s' is where the library of imports goes", output),
                     "name the result NAME.dll");
  if (options->package) TRY(check_option(a, target, "--package", form));
  if (options->prefix) TRY(check_option(a, target, "--prefix", form));
  return strcmp(form, "obj") == 0 || has_library(form) ? check_header(a, output) : OK;
}

/* ---- pkg-config and CMake ---- */

/* A library as those that link it see it. */
typedef struct {
  const char *name;   /* "verse" of libverse.a */
  const char *file;   /* its own */
  const char *linked; /* what linkers read: of a DLL the library of its imports, else itself */
  const char *model;
  const codegen_target *target;
  bool is_shared;
} library;

/* What is linked beside it, each behind `before`, with `between` where there are several. */
static void put_libraries(text *out, const codegen_target *target, const char *before, const char *between) {
  for (const char *at = target->libraries; *at; at += strspn(at, " ")) {
    int length = (int)strcspn(at, " ");
    text_print(out, "%s%s%.*s", at == target->libraries ? "" : between, before, length, at);
    at += length;
  }
}

static bool has_run_path(const library *l) {
  return l->is_shared && l->target->os != CODEGEN_WINDOWS;
}

static void put_pkg_config(text *out, const library *l) {
  text_print(out, "Name: %s\nDescription: the model %s, " HEADER_MARK "\nVersion: " SMELT_VERSION "\n",
             l->name, l->model);
  text_print(out, "Cflags: -I${pcfiledir}\n");
  text_print(out, "Libs: ${pcfiledir}/%s%s", l->linked, has_run_path(l) ? " -Wl,-rpath,${pcfiledir}" : "");
  put_libraries(out, l->target, " -l", "");
  text_print(out, "\n");
}

static void put_cmake(text *out, const library *l) {
  const char *name = l->name;
  text_print(out, "# find_package(%s): the library that was " HEADER_MARK " " SMELT_VERSION ", as %s::%s.\n",
             name, name, name);
  text_print(out, "if(NOT TARGET %s::%s)\n", name, name);
  text_print(out, "  add_library(%s::%s %s IMPORTED)\n", name, name, l->is_shared ? "SHARED" : "STATIC");
  text_print(out, "  set_target_properties(%s::%s PROPERTIES\n", name, name);
  text_print(out, "    IMPORTED_LOCATION ${CMAKE_CURRENT_LIST_DIR}/%s\n", l->file);
  if (l->linked != l->file) text_print(out, "    IMPORTED_IMPLIB ${CMAKE_CURRENT_LIST_DIR}/%s\n", l->linked);
  if (has_run_path(l))
    text_print(out, "    IMPORTED_SONAME %s%s\n", l->target->os == CODEGEN_MACOS ? "@rpath/" : "", l->file);
  text_print(out, "    INTERFACE_LINK_LIBRARIES \"");
  put_libraries(out, l->target, "", ";");
  text_print(out, "\"\n    INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_LIST_DIR})\nendif()\n");
}

static status add_text(link_job *job, const char *name, text *t) {
  status s = link_add_companion_text(job, name, t);
  text_free(t);
  return s;
}

status package_add(compilation *c, link_job *job, const char *form, const char *image, const char *output) {
  arena *a = &c->arena;
  const char *slash = strrchr(output, '/');
  library l = {.name = base_name(a, output),
               .file = slash ? slash + 1 : output,
               .model = c->folder.name,
               .target = c->target,
               .is_shared = strcmp(form, "shared") == 0};
  bool is_dll = is_dll_form(c->target, form);
  text t = {0};
  header_names names = {arena_format(a, "%s.h", l.name), image, c->options->prefix, is_dll};
  l.linked = is_dll ? arena_format(a, "%s.lib", l.name) : l.file;
  if (is_dll) link_set_imports(job, l.linked);
  status s = header_write(c, &names, &t);
  if (s) text_free(&t);
  TRY(s);
  TRY(add_text(job, names.file, &t));
  if (!c->options->package) return OK;
  put_pkg_config(&t, &l);
  TRY(add_text(job, arena_format(a, "%s.pc", l.name), &t));
  put_cmake(&t, &l);
  return add_text(job, arena_format(a, "%s-config.cmake", l.name), &t);
}
