/* header.c: the C header beside an object or a library: what the model takes and gives, and smelt/model.h. */
#include "driver/header.h"
#include "link/link.h"
#include "smelt/model.h"

#include <ctype.h>
#include <string.h>

static bool is_identifier(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

/* Upper case, as macros have it. */
static const char *capitals(arena *a, const char *name) {
  char *copy = arena_text(a, name);
  for (char *at = copy; *at; at++) *at = (char)toupper((unsigned char)*at);
  return copy;
}

/* `source` with `prefix` in place of smelt where a name begins so (and of SMELT, in capitals). */
static void put_renamed(text *out, arena *a, const char *source, size_t count, const char *prefix) {
  const char *large = capitals(a, prefix);
  for (size_t i = 0; i < count;) {
    bool begins = count - i > 6 && (i == 0 || !is_identifier(source[i - 1]));
    bool is_small = begins && memcmp(source + i, "smelt_", 6) == 0;
    if (is_small || (begins && memcmp(source + i, "SMELT_", 6) == 0)) {
      text_print(out, "%s_", is_small ? prefix : large);
      i += 6;
    } else {
      text_append(out, source + i++, 1);
    }
  }
}

/* Names come from the model's file: whatever they hold, the comment ends where it is meant to. */
static void put_name(text *out, const char *name) {
  for (; *name; name++) {
    bool ends = out->count && out->bytes[out->count - 1] == '*' && *name == '/';
    char c = isprint((unsigned char)*name) && !ends ? *name : '?';
    text_append(out, &c, 1);
  }
}

static void put_tensor(text *out, const char *role, const plan_io *io) {
  text_print(out, " *   %-6s ", role);
  put_name(out, io->name);
  text_print(out, "  %s [", ir_dtype_name(io->dtype));
  for (int i = 0; i < io->rank; i++) {
    text size = {0};
    ir_dim_print(&size, io->dims[i]);
    text_print(out, i ? ", " : "");
    put_name(out, size.bytes);
    text_free(&size);
  }
  text_print(out, "]\n");
}

static void put_shapes(text *out, const plan_module *plan) {
  for (size_t i = 0; i < plan->entry_count; i++) {
    const plan_entry *entry = &plan->entries[i];
    text_print(out, " * %s\n", entry->graph->name);
    for (size_t k = 0; k < entry->input_count; k++) put_tensor(out, "input", &entry->inputs[k]);
    for (size_t k = 0; k < entry->output_count; k++) put_tensor(out, "output", &entry->outputs[k]);
  }
  ir_module *m = plan->module;
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i);
    int64_t most = ir_dim_maximum(m, symbol);
    if (most == INT64_MAX) continue; /* nothing depends on it any more */
    text_print(out, " * ");
    put_name(out, ir_dim_symbol_name(symbol));
    text_print(out, " is at most %lld\n", (long long)most);
  }
}

/* What is the model's alone: before and after model.h. */
static void put_heading(text *out, const compilation *c, const header_names *names) {
  const char *prefix = names->prefix ? names->prefix : "smelt";
  text_print(out, "/*\n * %s: ", names->file);
  put_name(out, c->folder.name);
  text_print(out, ", " HEADER_MARK " " SMELT_VERSION " for %s\n *\n", c->target->name);
  text_print(out, " *     %s_model *model;\n", prefix);
  text_print(out, " *     %s_result result = %s_open(&%s_model_%s, NULL, &model);\n *\n", prefix, prefix,
             prefix, names->image);
  text_print(out, " * What its entries take and give, for %s_run:\n *\n", prefix);
  put_shapes(out, c->plan);
  text_print(out, " *\n * Below is smelt/model.h as the library has it, which says all else.\n */\n");
}

static void put_image(text *out, arena *a, const header_names *names) {
  const char *prefix = names->prefix ? names->prefix : "smelt";
  const char *large = capitals(a, prefix), *guard = capitals(a, names->image);
  text_print(out,
             "\n#if %s_ABI_VERSION != %d\n#error \"%s is for another version of smelt/model.h\"\n#endif\n",
             large, SMELT_ABI_VERSION, names->file);
  text_print(out, "#ifndef %s_MODEL_%s_H\n#define %s_MODEL_%s_H\n", large, guard, large, guard);
  text_print(out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
  text_print(out, "extern %sconst %s_image %s_model_%s;\n",
             names->is_imported ? "__declspec(dllimport) " : "", prefix, prefix, names->image);
  text_print(out, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

status header_write(compilation *c, const header_names *names, text *out) {
  arena *a = &c->arena;
  const char *folder;
  file_view api;
  TRY(link_library_folder(a, &folder));
  TRY(file_map(a, file_join(a, folder, "model.h"), &api));
  put_heading(out, c, names);
  if (names->prefix)
    put_renamed(out, a, (const char *)api.bytes, api.count, names->prefix);
  else
    text_append(out, api.bytes, api.count);
  put_image(out, a, names);
  file_unmap(&api);
  return OK;
}
