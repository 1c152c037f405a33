/*
 * archive.c: a static library in System V / GNU ar format, with the index of
 * symbols that linkers want. Members stream through; only the index is held.
 *
 * Layout: magic, index member "/" ("/SYM64/" past 4 GiB), table of long names
 * "//", members. A member header is 60 bytes of text; sizes have ten decimal
 * digits, so that a member ends at 9.3 GiB. [ar(5); GNU binutils bfd/archive.c
 * describes the index]
 */
#define _GNU_SOURCE
#include "link/archive.h"

#include <ar.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void archive_add_symbol(archive *ar, const char *name) {
  ARENA_PUSH(ar->arena, ar->index, ar->index_count, ar->index_capacity) =
      (index_entry){name, ar->member_count - 1};
  ar->index_name_bytes += strlen(name) + 1;
}

arena *archive_arena(archive *ar) {
  return ar->arena;
}

void archive_add_member(archive *ar, const char *name, const uint8_t *bytes, uint64_t count) {
  ARENA_PUSH(ar->arena, ar->members, ar->member_count, ar->member_capacity) =
      (member){.name = name, .bytes = bytes, .count = count};
}

static status add_member(archive *ar, const char *name, const uint8_t *bytes, uint64_t count) {
  if (count > 9999999999u) {
    status s = fail(ar->arena, STATUS_INPUT, "'%s' has %llu bytes, too many for a static library", name,
                    (unsigned long long)count);
    return fail_hint(ar->arena, s, "use --emit obj");
  }
  archive_add_member(ar, name, bytes, count);
  if (ar->format->index_member(ar, bytes, count)) return OK;
  return fail_file(ar->arena, fail(ar->arena, STATUS_DEFECT, "is not a sound object"), name);
}

/* A number in a fixed-width text field. */
static uint64_t decimal_field(const char *field, size_t width) {
  uint64_t value = 0;
  for (size_t i = 0; i < width && field[i] >= '0' && field[i] <= '9'; i++)
    value = value * 10 + (uint64_t)(field[i] - '0');
  return value;
}

status archive_each(arena *a, const file_view *view, archive_member *take, void *user) {
  status bad = fail_file(a, fail(a, STATUS_DEFECT, "is not a sound archive"), view->path);
  if (view->count < SARMAG || memcmp(view->bytes, ARMAG, SARMAG) != 0) return bad;
  const char *long_names = "";
  uint64_t long_name_bytes = 0;
  for (uint64_t at = SARMAG; view->count - at >= sizeof(struct ar_hdr);) {
    struct ar_hdr header;
    memcpy(&header, view->bytes + at, sizeof header);
    uint64_t count = decimal_field(header.ar_size, sizeof header.ar_size);
    at += sizeof header;
    if (count > view->count - at) return bad;
    const char *name = header.ar_name;
    size_t width = sizeof header.ar_name;
    if (memcmp(name, "//", 2) == 0) {
      long_names = (const char *)view->bytes + at;
      long_name_bytes = count;
    } else if (name[0] == '/' && name[1] >= '0' && name[1] <= '9') {
      uint64_t offset = decimal_field(name + 1, width - 1);
      if (offset >= long_name_bytes) return bad;
      name = long_names + offset;
      width = long_name_bytes - offset;
    }
    uint64_t before = 0; /* bytes of a name that stands before the member's own */
    if (memcmp(name, "#1/", 3) == 0) {
      before = decimal_field(name + 3, width - 3);
      if (before > count) return bad;
      name = (const char *)view->bytes + at;
      width = before;
    }
    if (name[0] != '/' && strncmp(name, "__.SYMDEF", strlen("__.SYMDEF")) != 0) {
      const char *own =
          arena_format(a, "%.*s", (int)strcspn(arena_format(a, "%.*s", (int)width, name), "/"), name);
      TRY(take(user, own, view->bytes + at + before, count - before));
    }
    at += count + (count & 1 && count < view->count - at);
  }
  return OK;
}

/* One of the runtime's. */
static status copy_member(void *user, const char *name, const uint8_t *bytes, uint64_t count) {
  archive *ar = user;
  return add_member(ar, name, arena_copy(ar->arena, bytes, count), count); /* ar aligns to 2 only */
}

void archive_write_header(FILE *file, const char *name, uint64_t bytes) {
  fprintf(file, "%-16s%-12d%-6d%-6d%-8o%-10llu`\n", name, 0, 0, 0, 0644, (unsigned long long)bytes);
}

static void write_big_endian(FILE *file, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) fputc((int)(value >> shift & 0xff), file);
}

static uint64_t even(uint64_t bytes) {
  return bytes + (bytes & 1);
}

/* Fixes where every member will be; returns the width of an index word. */
static int lay_out(archive *ar, uint64_t long_name_bytes) {
  for (int word = 4;; word = 8) {
    uint64_t index_bytes = (uint64_t)word * (1 + ar->index_count) + ar->index_name_bytes;
    uint64_t at = SARMAG + sizeof(struct ar_hdr) + even(index_bytes);
    at += sizeof(struct ar_hdr) + even(long_name_bytes);
    for (size_t i = 0; i < ar->member_count; i++) {
      ar->members[i].offset = at;
      at += sizeof(struct ar_hdr) + even(ar->members[i].count);
    }
    if (word == 8 || at <= UINT32_MAX) return word;
  }
}

void archive_write_common(archive *ar, FILE *file) {
  uint64_t long_name_bytes = 0;
  for (size_t i = 0; i < ar->member_count; i++)
    long_name_bytes += strlen(ar->members[i].name) + strlen("/\n");
  int word = lay_out(ar, long_name_bytes);

  fputs(ARMAG, file);
  uint64_t index_bytes = (uint64_t)word * (1 + ar->index_count) + ar->index_name_bytes;
  archive_write_header(file, word == 4 ? "/" : "/SYM64/", even(index_bytes));
  write_big_endian(file, ar->index_count, word);
  for (size_t i = 0; i < ar->index_count; i++)
    write_big_endian(file, ar->members[ar->index[i].member].offset, word);
  for (size_t i = 0; i < ar->index_count; i++)
    fwrite(ar->index[i].name, 1, strlen(ar->index[i].name) + 1, file);
  if (index_bytes & 1) fputc(0, file);

  archive_write_header(file, "//", even(long_name_bytes));
  for (size_t i = 0; i < ar->member_count; i++) fprintf(file, "%s/\n", ar->members[i].name);
  if (long_name_bytes & 1) fputc('\n', file);

  uint64_t name_at = 0;
  for (size_t i = 0; i < ar->member_count; i++) {
    char name[sizeof(((struct ar_hdr *)0)->ar_name) + 8];
    snprintf(name, sizeof name, "/%llu", (unsigned long long)name_at);
    archive_write_header(file, name, ar->members[i].count);
    fwrite(ar->members[i].bytes, 1, ar->members[i].count, file);
    if (ar->members[i].count & 1) fputc('\n', file);
    name_at += strlen(ar->members[i].name) + strlen("/\n");
  }
}

/* Maps the job's objects and, with_runtime, the runtime; views[] has room for them all. */
static status collect(link_job *job, archive *ar, bool with_runtime, file_view *views, size_t *view_count) {
  arena *a = job->arena;
  for (size_t i = 0; i < job->input_count; i++) {
    if (job->inputs[i].kind != LINK_CODE && job->inputs[i].kind != LINK_BLOB) continue;
    file_view *view = &views[(*view_count)++];
    TRY(file_map(a, input_path(job, &job->inputs[i]), view));
    const char *name = arena_format(a, "%s.o", job->inputs[i].name);
    TRY(add_member(ar, name, view->bytes, view->count));
  }
  if (!with_runtime) return OK;
  const char *folder;
  TRY(link_library_folder(a, &folder));
  file_view *runtime = &views[(*view_count)++];
  TRY(file_map(a, file_join(a, file_join(a, folder, job->target->name), "libruntime.a"), runtime));
  return archive_each(a, runtime, copy_member, ar);
}

static status write_archive(void *user, FILE *file) {
  archive *ar = user;
  (ar->format->has_apple_archives ? archive_write_apple : archive_write_common)(ar, file);
  return OK;
}

/* Has `use` see the job's objects and, with_runtime, the runtime as an archive. */
static status with_archive(link_job *job, bool with_runtime, status (*use)(link_job *job, archive *ar)) {
  archive ar = {.arena = job->arena, .format = job->format};
  file_view *views = ARENA_ARRAY(job->arena, file_view, job->input_count + 1);
  size_t view_count = 0;
  status s = collect(job, &ar, with_runtime, views, &view_count);
  if (!s) s = use(job, &ar);
  for (size_t i = 0; i < view_count; i++) file_unmap(&views[i]);
  return s;
}

static status put_in_place(link_job *job, archive *ar) {
  return output_write(job, write_archive, ar);
}

status archive_write(link_job *job) {
  TRY(prefix_apply(job));
  return with_archive(job, !job->prefix, put_in_place); /* with a prefix the runtime is among the inputs */
}

static status note_names(link_job *job, archive *ar) {
  job->names = ARENA_ARRAY(job->arena, const char *, ar->index_count + 1);
  for (size_t i = 0; i < ar->index_count; i++) job->names[i] = arena_text(job->arena, ar->index[i].name);
  job->name_count = ar->index_count;
  return OK;
}

status archive_find_names(link_job *job) {
  return with_archive(job, true, note_names);
}
