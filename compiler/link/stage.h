/* stage.h: what the files of link/ share: the job, its objects, and what differs between object formats. */
#ifndef SMELT_LINK_STAGE_H
#define SMELT_LINK_STAGE_H

#include <signal.h>

#include "link/link.h"

typedef struct archive archive;
typedef struct link_input link_input;

/* What link/ does for one object format. NULL: no target of the format has it. */
typedef struct {
  const char *linker; /* by this name lld takes the format's command line */
  status (*write_blob)(arena *a, const codegen_target *target, const link_blob *blob, FILE *file);
  status (*executable)(link_job *job);
  status (*shared)(link_job *job);
  status (*object)(link_job *job);
  /* Whether the linker's output, open under `descriptor`, reaches to its end: lld does not check what it
   * writes to standard output. */
  bool (*is_whole)(int descriptor);
  /* Tells the archive of each symbol that an object defines for others; false: no sound object. */
  bool (*index_member)(archive *ar, const uint8_t *bytes, uint64_t count);
  bool has_apple_archives; /* else System V's */
  /* Gives the symbols of an object or blob among the job's inputs their prefix. */
  status (*add_prefix)(link_job *job, const link_input *input);
} link_format;

extern const link_format link_elf, link_wasm, link_coff, link_macho;

const link_format *link_format_of(const codegen_target *target);

typedef enum { LINK_CODE, LINK_BLOB, LINK_SCRIPT, LINK_COMPANION } link_input_kind;

/* Something for the linker on its way: a file without a name, reached through /proc/self/fd. */
struct link_input {
  const char *name;
  int descriptor; /* close-on-exec */
  link_input_kind kind;
};

/* SIGINT, SIGTERM and SIGHUP, held back in this thread. */
typedef struct {
  bool active;
  sigset_t signals; /* those that would end the process */
  sigset_t before;  /* the thread's mask before */
} held_interrupts;

void interrupts_hold(held_interrupts *held);
/* Whether one of them waits to be delivered. */
bool interrupts_came(const held_interrupts *held);
/* What waits is delivered here. Nothing happens where none are held. */
void interrupts_release(held_interrupts *held);

struct link_job {
  arena *arena;
  const codegen_target *target;
  const link_format *format;
  const char *destination;
  const char *folder; /* the destination's */
  link_input *inputs;
  size_t input_count, input_capacity;
  const char *prefix; /* of all symbols; NULL: they are what they are */
  const char *image;  /* where there is a prefix: the symbols of the model begin so */
  const char **parts; /* functions of the program's command line that it is linked with */
  size_t part_count, part_capacity;
  const char **hidden; /* functions of the C API that a shared library does without */
  size_t hidden_count, hidden_capacity;
  const char *imports; /* a companion by which linkers find what a shared library gives out; NULL: none */
  const char **names;  /* that its objects and the runtime define (archive_find_names) */
  size_t name_count;
  const char *output; /* the destination while it is written: a file beside it */
  int output_descriptor;
  held_interrupts interrupts;
};

/*
 * Between output_begin and one of the other two, job->output is open for
 * writing and interrupts are held back. output_commit renames it onto the
 * destination, with `mode` less the umask, unless an interrupt came before; from
 * then on they are held until link_end. output_abandon removes it and lets
 * interrupts act.
 */
status output_begin(link_job *job);
status output_commit(link_job *job, unsigned mode);
void output_abandon(link_job *job);
/* All three around `write`, where the result is no linker's. */
status output_write(link_job *job, link_payload *write, void *context);

/*
 * Runs lld with `arguments` (argv[1] on; paths are absolute), the job's inputs
 * open under the descriptors they have here, into job->output. An interrupt that
 * arrives meanwhile ends the linker and waits again for output_abandon. What the
 * linker says on failure becomes the failure's cause.
 *
 * The result is the linker's standard output, which it writes at one go: the
 * kernel then keeps the file in huge pages, and the program's first run has a
 * page fault in 2 MiB of weights. A file that the linker maps and fills comes
 * out in small ones (GPT-2 in int8: first token after 28 ms in place of 14).
 */
status linker_run(link_job *job, const char *const *arguments, size_t argument_count);

/* ---- the linker's command line (arguments.c) ---- */

typedef struct {
  link_job *job;
  const char **items;
  size_t count, capacity;
} argument_list;

void arguments_add(argument_list *list, const char *argument);
void arguments_add_all(argument_list *list, const char *const *arguments, size_t count);
#define ARGUMENTS_ADD(list, arguments)                                                                       \
  arguments_add_all((list), (arguments), sizeof(arguments) / sizeof *(arguments))
/* A file of PREFIX/lib/smelt/TARGET, which has to be there. */
status arguments_add_target_file(argument_list *list, const char *name);
/* The job's inputs of that kind. */
void arguments_add_inputs(argument_list *list, link_input_kind kind);
/* Runs the linker into a file beside the destination, then puts that in its place. */
status link_into_place(argument_list *list, unsigned mode);

/* ---- archives (archive.c) ---- */

status archive_write(link_job *job);
/* A symbol that the member being added defines; the name's bytes last as long as the member's. */
void archive_add_symbol(archive *ar, const char *name);
/* Where such a name may lie. */
arena *archive_arena(archive *ar);
/* Finds job->names, without a prefix. */
status archive_find_names(link_job *job);

/* ---- what a shared library gives out (exports.c) ---- */

typedef struct {
  const char *name; /* with the job's prefix */
  bool is_data;     /* a model, else a function */
} link_export;

/* In order of their names. Gives the job's inputs their prefix (prefix_apply). */
status exports_find(link_job *job, const link_export **exports, size_t *count);

/* Names the companions, permissions `mode`, in the destination's folder. Returns 0, or why not. */
int companions_place(link_job *job, unsigned mode);

/*
 * Where the job has a prefix: adds the runtime's objects to the inputs, and gives the symbols of all inputs
 * their prefix.
 */
status prefix_apply(link_job *job);
/* What a symbol is called under the job's prefix; NULL: as it is, since it is libc's. */
const char *prefix_name(const link_job *job, const char *symbol);

/* Has `take` see each object of an archive that smelt's own build made. */
typedef status archive_member(void *user, const char *name, const uint8_t *bytes, uint64_t count);
status archive_each(arena *a, const file_view *view, archive_member *take, void *user);

/* A version script, say: what an option of the linker reads from *path. */
status link_add_script(link_job *job, const char *text, const char **path);

/* PREFIX/libexec/smelt/NAME, where smelt brings its tools with it; NULL where it is not there. */
const char *bundled_program(arena *a, const char *name);

/* A stream of its own onto an open file, which stays open when the stream is closed; NULL, with errno. */
FILE *open_stream(int descriptor);

/* Path under which this process and its children open an input. */
const char *input_path(link_job *job, const link_input *input);

#endif
