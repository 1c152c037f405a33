/*
 * link.h: from objects and blobs to the artefact the user asked for: a static
 * program, one relocatable object, an archive, or a shared library.
 *
 *   link_job *job;
 *   TRY(link_begin(a, target, "gpt2", &job));
 *   status s = link_add_object(job, "prefill", bytes, count);
 *   if (!s) s = link_add_blob(job, &weights);
 *   if (!s) s = link_executable(job);
 *   link_end(job);
 *
 * Objects on their way are files without a name in the destination's folder
 * (same file system, no limit of /tmp), so that nothing is left behind however
 * the process ends. The destination appears whole, by rename, or not at all.
 *
 * What a model is linked with lies in PREFIX/lib/smelt/TARGET, where PREFIX/bin
 * holds the running smelt; the environment variable SMELT_LIB names another
 * lib/smelt. The linker is lld, run as a program by the name that the target's
 * object format asks for: the one that SMELT_LD names, else the one smelt was
 * built with, else the first ld.lld on PATH.
 */
#ifndef SMELT_LINK_H
#define SMELT_LINK_H

#include "codegen/codegen.h"

typedef struct link_job link_job;

/*
 * A job whose result will be written to `destination`. Fails with STATUS_INPUT
 * where the destination's folder cannot be written. On success *job is to be ended with link_end.
 */
status link_begin(arena *a, const codegen_target *target, const char *destination, link_job **job);

/* Closes the job's files, and lets interrupts act again; after success as after failure. NULL is allowed. */
void link_end(link_job *job);

/*
 * For the rest of the process. For a command whose artefact is in its place: an
 * interrupt would stop nothing any more, and the exit code would deny the work.
 * Before link_end, as interrupts are held from the moment of success until then.
 */
void link_ignore_interrupts(void);

/* Adds an object for the job's target; the bytes are copied out. `name` is for messages and archives. */
status link_add_object(link_job *job, const char *name, const void *bytes, size_t count);

/*
 * Read-only data that becomes an object of its own: a section that holds just
 * the payload, a symbol at its first byte (its size, where the format has sizes, is the payload's), and
 * the symbol with "_end" appended just past its last. Both are hidden: visible
 * to all objects of one program and to nothing outside it.
 */
typedef status link_payload(void *context, FILE *file);

typedef struct {
  const char *symbol;
  /* power of two; 0: the target's largest page size, so that the kernel maps it on demand */
  size_t alignment;
  /* Writes the payload to `file` front to back, as long as it likes: it is never held in memory. */
  link_payload *write_payload;
  void *context;
} link_blob;

/*
 * What x86-64 and arm64 (of 4 KiB pages) map at once. A program's blobs have their file's alignment to it
 * anyway; where a user's linker decides, a blob much larger than this should ask for it.
 */
enum { LINK_HUGE_PAGE_BYTES = 2 << 20 };

status link_add_blob(link_job *job, const link_blob *blob);
/* The same for a payload in memory. */
status link_add_bytes(link_job *job, const char *symbol, size_t alignment, const void *bytes, size_t count);

/*
 * A file `name` beside the destination, without a folder in its name, that `write` fills: it appears with the
 * artefact, replacing what had its name.
 */
status link_add_companion(link_job *job, const char *name, link_payload *write, void *context);
status link_add_companion_text(link_job *job, const char *name, const text *t);

/*
 * For link_library and link_shared: every symbol, the runtime's too, begins with `prefix`_, so that artefacts
 * of several smelts go into one program. smelt_X becomes prefix_X; others, which begin with `image`_ or are
 * the runtime's, prefix_OTHER.
 */
void link_set_prefix(link_job *job, const char *prefix, const char *image);

/*
 * A function of the program's command line (runtime/app) that only some programs need: without this
 * link_executable leaves it and all that it alone uses out. `function` is kept as it is.
 */
void link_add_part(link_job *job, const char *function);
/* A function of the C API that is of no use with this model: link_shared gives out neither it nor what it
 * alone uses. `function` is kept as it is. */
void link_hide(link_job *job, const char *function);
/* A DLL comes with a library of its imports, a companion of this name. */
void link_set_imports(link_job *job, const char *name);
/* Whether --prefix is there for the target. */
bool link_has_prefix(const codegen_target *target);

/* Where a blob would be the only thing asked for: the object file itself. */
status link_blob_object(arena *a, const codegen_target *target, const link_blob *blob, FILE *file);

/* The four ends; which of them there are for a target its row says (codegen_target.forms). */
/* A static, position-independent program: the objects, the runtime with its command line, libc. */
status link_executable(link_job *job);
/* A shared library that gives out the functions of smelt/model.h and smelt/media.h, but for those that are
 * hidden, and the model; libc is whoever loads it's. */
status link_shared(link_job *job);
/* One relocatable object that holds all the job's objects, without the runtime. */
status link_object(link_job *job);
/* An archive of the job's objects and the runtime, without its command line and without libc. */
status link_library(link_job *job);

/* PREFIX/lib/smelt, absolute; fails with STATUS_INPUT where there is no such folder. Text lives in `a`. */
status link_library_folder(arena *a, const char **folder);

/* ld.lld's path; fails with STATUS_INPUT where there is none. Text lives in `a`. */
status link_find_linker(arena *a, const char **linker);

#endif
