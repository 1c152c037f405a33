/* coff_prefix.c: other names for a COFF object's symbols. They and their names are the file's last tables,
 * and written anew: the old names, which sections refer to, and then the new ones. */
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE   200809L
#include "link/coff.h"
#include "link/coff_tables.h"

#include <errno.h>
#include <string.h>

/* Where mingw's compilers refer to data of others through a pointer, that has a name by the data's. */
static const char *renamed(const link_job *job, const char *name) {
  static const char pointer[] = ".refptr.";
  if (strncmp(name, pointer, strlen(pointer)) != 0) return prefix_name(job, name);
  const char *other = prefix_name(job, name + strlen(pointer));
  return other ? arena_format(job->arena, "%s%s", pointer, other) : NULL;
}

static status rename_symbols(link_job *job, const coff_object *object, coff_symbols *symbols) {
  for (uint32_t i = 0, extra = 0; i < object->header.symbol_count; i++) {
    uint8_t row[COFF_SYMBOL_BYTES];
    memcpy(row, object->symbols + (uint64_t)i * COFF_SYMBOL_BYTES, sizeof row);
    if (extra) {
      extra--;
    } else {
      const char *old = coff_symbol_name(job->arena, object, row), *name = old ? renamed(job, old) : NULL;
      if (!old) return fail(job->arena, STATUS_DEFECT, "is not a sound COFF object");
      if (name) coff_put_name(symbols, row, name);
      extra = row[COFF_EXTRA];
    }
    text_append(&symbols->symbols, row, sizeof row);
  }
  return OK;
}

status coff_add_prefix(link_job *job, const link_input *input) {
  arena *a = job->arena;
  file_view view;
  coff_object object;
  coff_symbols symbols = {0};
  text tables = {0};
  TRY(file_map(a, input_path(job, input), &view));
  status s = OK;
  if (coff_read(view.bytes, view.count, &object)) {
    text_append(&symbols.names, object.names + 4, object.names_bytes - 4);
    s = rename_symbols(job, &object, &symbols);
  } else {
    s = fail(a, STATUS_DEFECT, "is not a sound COFF object");
  }
  coff_end_symbols(&symbols, &tables);
  file_unmap(&view);
  FILE *file = s ? NULL : open_stream(input->descriptor);
  bool is_written = file && fseeko(file, (off_t)object.header.symbols_at, SEEK_SET) == 0 &&
                    fwrite(tables.bytes, 1, tables.count, file) == tables.count;
  if (file) is_written &= fclose(file) == 0;
  text_free(&tables);
  if (s || is_written) return fail_file(a, s, input->name);
  return fail_file(a, fail(a, STATUS_INPUT, "objects beside it cannot be written: %s", strerror(errno)),
                   job->destination);
}
