/* macho_prefix.c: other names for the symbols of one of Apple's objects. The names are written anew behind
 * the object's end, and its symbols where they are. */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/macho.h"
#include "link/macho_tables.h"

#include <errno.h>
#include <string.h>

/* Names in Apple's objects begin with an underscore, which stays. */
static const char *renamed(link_job *job, const char *name) {
  const char *other = *name == '_' ? prefix_name(job, name + 1) : NULL;
  return other ? arena_format(job->arena, "_%s", other) : name;
}

/* The object's symbols, and the names that they have now. */
static status rename_symbols(link_job *job, const macho_object *object, text *rows, text *names) {
  for (uint32_t i = 0; i < object->symbols.symbol_count; i++) {
    macho_symbol symbol = macho_read_symbol(object, i);
    const char *name = macho_symbol_name(object, &symbol);
    if (!name) return fail(job->arena, STATUS_DEFECT, "is not a sound object");
    name = renamed(job, name);
    symbol.name_at = (uint32_t)names->count;
    text_append(names, name, strlen(name) + 1);
    text_append(rows, &symbol, sizeof symbol);
  }
  return OK;
}

static bool write_at(FILE *file, uint64_t at, const void *bytes, size_t count) {
  return fseeko(file, (off_t)at, SEEK_SET) == 0 && fwrite(bytes, 1, count, file) == count;
}

static status rename_object(link_job *job, const link_input *input, const macho_object *object) {
  arena *a = job->arena;
  text rows = {0}, names = {0};
  text_append(&names, "", 1);
  status s = rename_symbols(job, object, &rows, &names);
  macho_symbols table = object->symbols;
  uint64_t names_at = macho_round_up(object->count, 8);
  table.names_at = (uint32_t)names_at;
  table.names_bytes = (uint32_t)names.count;
  if (!s && names_at > UINT32_MAX)
    s = fail_hint(a, fail(a, STATUS_INPUT, "has more than 4 GiB, in which names cannot be changed"),
                  "leave --prefix out");
  FILE *file = s ? NULL : open_stream(input->descriptor);
  bool is_written = file && write_at(file, names_at, names.bytes, names.count) &&
                    write_at(file, table.symbols_at, rows.bytes, rows.count) &&
                    write_at(file, object->symbols_command_at, &table, sizeof table);
  if (file) is_written &= fclose(file) == 0;
  text_free(&rows);
  text_free(&names);
  if (s || is_written) return fail_file(a, s, input->name);
  return fail_file(a, fail(a, STATUS_INPUT, "objects beside it cannot be written: %s", strerror(errno)),
                   job->destination);
}

status macho_add_prefix(link_job *job, const link_input *input) {
  file_view view;
  macho_object object;
  TRY(file_map(job->arena, input_path(job, input), &view));
  status s = OK;
  if (!macho_read(view.bytes, view.count, &object))
    s = fail_file(job->arena, fail(job->arena, STATUS_DEFECT, "is not a sound object"), input->name);
  else if (object.symbols_command_at)
    s = rename_object(job, input, &object);
  file_unmap(&view);
  return s;
}
