/* job.c: the objects of one link, kept as files without a name. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "link/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((returns_nonnull)) static status cannot_write(link_job *job, const char *what, int error) {
  arena *a = job->arena;
  return fail_file(a, fail(a, STATUS_INPUT, "%s: %s", what, strerror(error)), job->destination);
}

status link_begin(arena *a, const codegen_target *target, const char *destination, link_job **job) {
  *job = NULL;
  link_job *new_job = ARENA_NEW(a, link_job);
  new_job->arena = a;
  new_job->target = target;
  new_job->format = link_format_of(target);
  new_job->destination = arena_text(a, destination);

  const char *slash = strrchr(destination, '/');
  char *folder = slash ? arena_text(a, destination) : arena_text(a, ".");
  if (slash) folder[slash == destination ? 1 : slash - destination] = '\0';
  new_job->folder = folder;
  const char *name = slash ? slash + 1 : destination;
  if (!*name || file_is_folder(destination)) return cannot_write(new_job, "cannot be written", EISDIR);
  if (access(folder, W_OK | X_OK) != 0) return cannot_write(new_job, "cannot be written", errno);
  *job = new_job;
  return OK;
}

void link_end(link_job *job) {
  if (!job) return;
  for (size_t i = 0; i < job->input_count; i++) close(job->inputs[i].descriptor);
  job->input_count = 0;
  interrupts_release(&job->interrupts);
}

/* Where the file system has no O_TMPFILE, a file with a name for the blink of an eye. */
static int open_nameless(link_job *job) {
  int descriptor = open(job->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0) return descriptor;
  char *path = file_join(job->arena, job->folder, ".smelt-XXXXXX");
  descriptor = mkostemp(path, O_CLOEXEC);
  if (descriptor >= 0) unlink(path);
  return descriptor;
}

static status flush(link_job *job, FILE *file, status written) {
  bool broken = ferror(file) || fflush(file) != 0;
  int error = errno;
  fclose(file);
  if (!written && broken) return cannot_write(job, "objects beside it cannot be written", error);
  return written;
}

FILE *open_stream(int descriptor) {
  int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  FILE *file = copy < 0 ? NULL : fdopen(copy, "w+b");
  int error = errno;
  if (!file && copy >= 0) close(copy);
  errno = error;
  return file;
}

/* A new last input of the job, and a stream onto it that the caller ends with flush(). */
static status add_input(link_job *job, const char *name, FILE **file) {
  int descriptor = open_nameless(job);
  if (descriptor < 0) return cannot_write(job, "objects beside it cannot be written", errno);
  link_input *input = &ARENA_PUSH(job->arena, job->inputs, job->input_count, job->input_capacity);
  *input = (link_input){.name = arena_text(job->arena, name), .descriptor = descriptor};
  *file = open_stream(descriptor);
  return *file ? OK : cannot_write(job, "objects beside it cannot be written", errno);
}

status link_add_script(link_job *job, const char *text, const char **path) {
  FILE *file;
  TRY(add_input(job, "symbols.map", &file));
  link_input *input = &job->inputs[job->input_count - 1];
  input->kind = LINK_SCRIPT;
  *path = input_path(job, input);
  fputs(text, file);
  return flush(job, file, OK);
}

status link_add_object(link_job *job, const char *name, const void *bytes, size_t count) {
  FILE *file;
  TRY(add_input(job, name, &file));
  fwrite(bytes, 1, count, file);
  return flush(job, file, OK);
}

status link_add_blob(link_job *job, const link_blob *blob) {
  FILE *file;
  TRY(add_input(job, blob->symbol, &file));
  /* weights come in small pieces; the linker maps them in large ones */
  setvbuf(file, arena_alloc(job->arena, LINK_HUGE_PAGE_BYTES), _IOFBF, LINK_HUGE_PAGE_BYTES);
  job->inputs[job->input_count - 1].kind = LINK_BLOB;
  return flush(job, file, link_blob_object(job->arena, job->target, blob, file));
}

status link_add_companion(link_job *job, const char *name, link_payload *write, void *context) {
  FILE *file;
  TRY(add_input(job, name, &file));
  job->inputs[job->input_count - 1].kind = LINK_COMPANION;
  setvbuf(file, arena_alloc(job->arena, LINK_HUGE_PAGE_BYTES), _IOFBF, LINK_HUGE_PAGE_BYTES);
  return flush(job, file, write(context, file));
}

typedef struct {
  const void *bytes;
  size_t count;
} payload;

static status write_bytes(void *context, FILE *file) {
  const payload *p = context;
  fwrite(p->bytes, 1, p->count, file); /* the stream's error flag is checked when it is flushed */
  return OK;
}

status link_add_bytes(link_job *job, const char *symbol, size_t alignment, const void *bytes, size_t count) {
  payload p = {bytes, count};
  link_blob blob = {symbol, alignment, write_bytes, &p};
  return link_add_blob(job, &blob);
}

status link_add_companion_text(link_job *job, const char *name, const text *t) {
  payload p = {t->bytes, t->count};
  return link_add_companion(job, name, write_bytes, &p);
}

void link_set_prefix(link_job *job, const char *prefix, const char *image) {
  job->prefix = prefix;
  job->image = image;
}

void link_add_part(link_job *job, const char *function) {
  ARENA_PUSH(job->arena, job->parts, job->part_count, job->part_capacity) = function;
}

void link_hide(link_job *job, const char *function) {
  ARENA_PUSH(job->arena, job->hidden, job->hidden_count, job->hidden_capacity) = function;
}

void link_set_imports(link_job *job, const char *name) {
  job->imports = name;
}

const char *input_path(link_job *job, const link_input *input) {
  return arena_format(job->arena, "/proc/self/fd/%d", input->descriptor);
}

status output_begin(link_job *job) {
  char *path = file_join(job->arena, job->folder, ".smelt-XXXXXX");
  interrupts_hold(&job->interrupts);
  job->output_descriptor = mkostemp(path, O_CLOEXEC);
  int error = errno;
  job->output = path;
  if (job->output_descriptor >= 0) return OK;
  interrupts_release(&job->interrupts);
  return cannot_write(job, "cannot be written", error);
}

void output_abandon(link_job *job) {
  unlink(job->output);
  close(job->output_descriptor);
  interrupts_release(&job->interrupts);
}

/* 0, or why not. */
static int put_in_place(link_job *job, unsigned mode) {
  mode_t mask = umask(0);
  umask(mask);
  if (interrupts_came(&job->interrupts)) return EINTR;
  if (fchmod(job->output_descriptor, mode & ~mask) != 0) return errno;
  int error = companions_place(job, 0666 & ~mask);
  if (error) return error;
  return rename(job->output, job->destination) == 0 ? 0 : errno;
}

status output_commit(link_job *job, unsigned mode) {
  int error = put_in_place(job, mode);
  if (!error) {
    close(job->output_descriptor);
    return OK;
  }
  output_abandon(job);
  return cannot_write(job, "cannot be written", error);
}

status output_write(link_job *job, link_payload *write, void *context) {
  TRY(output_begin(job));
  FILE *file = open_stream(job->output_descriptor);
  status s = file ? write(context, file) : OK;
  bool is_broken = !file || ferror(file);
  if (file) is_broken |= fclose(file) != 0;
  int error = errno;
  if (!s && !is_broken) return output_commit(job, 0666);
  output_abandon(job);
  return s ? s : cannot_write(job, "cannot be written", error);
}
