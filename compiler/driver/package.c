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

status package_check(arena *a, const driver_options *options, const char *form, const char *output) {
  const char *option = options->package ? "--package" : options->prefix ? "--prefix" : NULL;
  if (option && !has_library(form))
    return fail_expected(a, fail(a, STATUS_USAGE, "%s is for libraries, --emit got '%s'", option, form),
                         "lib or shared");
  return strcmp(form, "obj") == 0 || has_library(form) ? check_header(a, output) : OK;
}

/* ---- pkg-config and CMake ---- */

static void put_pkg_config(text *out, const char *name, const char *file, const char *model, bool is_shared) {
  text_print(out, "Name: %s\nDescription: the model %s, " HEADER_MARK "\nVersion: " SMELT_VERSION "\n", name,
             model);
  text_print(out, "Cflags: -I${pcfiledir}\n");
  if (is_shared)
    text_print(out, "Libs: ${pcfiledir}/%s -Wl,-rpath,${pcfiledir} -lm -pthread\n", file);
  else
    text_print(out, "Libs: ${pcfiledir}/%s -lm -pthread\n", file);
}

static void put_cmake(text *out, const char *name, const char *file, bool is_shared) {
  text_print(out, "# find_package(%s): the library that was " HEADER_MARK " " SMELT_VERSION ", as %s::%s.\n",
             name, name, name);
  text_print(out, "include(CMakeFindDependencyMacro)\nfind_dependency(Threads)\n");
  text_print(out, "if(NOT TARGET %s::%s)\n", name, name);
  text_print(out, "  add_library(%s::%s %s IMPORTED)\n", name, name, is_shared ? "SHARED" : "STATIC");
  text_print(out, "  set_target_properties(%s::%s PROPERTIES\n", name, name);
  text_print(out, "    IMPORTED_LOCATION ${CMAKE_CURRENT_LIST_DIR}/%s\n", file);
  if (is_shared) text_print(out, "    IMPORTED_SONAME %s\n", file);
  text_print(out, "    INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_LIST_DIR}\n");
  text_print(out, "    INTERFACE_LINK_LIBRARIES \"Threads::Threads;m\")\nendif()\n");
}

static status add_text(link_job *job, const char *name, text *t) {
  status s = link_add_companion_text(job, name, t);
  text_free(t);
  return s;
}

status package_add(compilation *c, link_job *job, const char *form, const char *image, const char *output) {
  arena *a = &c->arena;
  const char *name = base_name(a, output), *slash = strrchr(output, '/'), *file = slash ? slash + 1 : output;
  bool is_shared = strcmp(form, "shared") == 0;
  text t = {0};
  header_names names = {arena_format(a, "%s.h", name), image, c->options->prefix};
  status s = header_write(c, &names, &t);
  if (s) text_free(&t);
  TRY(s);
  TRY(add_text(job, names.file, &t));
  if (!c->options->package) return OK;
  put_pkg_config(&t, name, file, c->folder.name, is_shared);
  TRY(add_text(job, arena_format(a, "%s.pc", name), &t));
  put_cmake(&t, name, file, is_shared);
  return add_text(job, arena_format(a, "%s-config.cmake", name), &t);
}
