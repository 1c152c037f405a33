/* stage.h: what the files of link/ share: the job, its objects, and the target's facts. */
#ifndef SMELT_LINK_STAGE_H
#define SMELT_LINK_STAGE_H

#include <signal.h>

#include "link/link.h"

/* What the linker has to know of a target. */
typedef struct {
  const char *name;
  const char *emulation; /* ld.lld -m */
  link_machine machine;
} link_target;

typedef enum { LINK_CODE, LINK_BLOB, LINK_SCRIPT } link_input_kind;

/* Something for the linker on its way: a file without a name, reached through /proc/self/fd. */
typedef struct {
  const char *name;
  int descriptor; /* close-on-exec */
  link_input_kind kind;
} link_input;

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
  const link_target *target;
  const char *destination;
  const char *folder; /* the destination's */
  link_input *inputs;
  size_t input_count, input_capacity;
  const char **parts; /* functions of the program's command line that it is linked with */
  size_t part_count, part_capacity;
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

/*
 * Runs ld.lld with `arguments` (argv[1] on; paths are absolute), the job's inputs
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

/* A version script, say: what an option of the linker reads from *path. */
status link_add_script(link_job *job, const char *text, const char **path);

/* A stream of its own onto an open file, which stays open when the stream is closed; NULL, with errno. */
FILE *open_stream(int descriptor);

/* Path under which this process and its children open an input. */
const char *input_path(link_job *job, const link_input *input);

#endif
