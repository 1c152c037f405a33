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

/* An object on its way: a file without a name, reached through /proc/self/fd. */
typedef struct {
  const char *name;
  int descriptor; /* close-on-exec */
  bool is_blob;
} link_input;

/* SIGINT, SIGTERM and SIGHUP, held back in this thread. */
typedef struct {
  bool active;
  sigset_t signals; /* those that would end the process */
  sigset_t before;  /* the thread's mask before */
} held_interrupts;

void interrupts_hold(held_interrupts *held);
bool interrupts_came(const held_interrupts *held); /* one of them waits to be delivered */
void interrupts_release(
    held_interrupts *held); /* what waits is delivered here; nothing where none are held */

struct link_job {
  arena *arena;
  const link_target *target;
  const char *destination;
  const char *folder; /* the destination's */
  link_input *inputs;
  size_t input_count, input_capacity;
  const char *staging; /* a folder in `folder`, while the destination is being written; else NULL */
  const char *output;  /* the file in it */
  held_interrupts interrupts;
};

/*
 * The destination while it is written: job->output, in a folder of its own
 * beside the destination, so that what a linker leaves half done goes with it.
 * output_begin makes the folder and holds interrupts back; output_abandon
 * removes all and lets them act. output_commit renames the file onto the
 * destination, with `mode` less the umask, unless an interrupt came before; from
 * then on they are held until link_end.
 */
status output_begin(link_job *job);
status output_commit(link_job *job, unsigned mode);
void output_abandon(link_job *job);

/*
 * Runs ld.lld with `arguments` (argv[1] on), the job's inputs open under the
 * descriptors they have here, between output_begin and output_commit. An
 * interrupt that arrives meanwhile ends the linker and waits again for
 * output_abandon. What the linker says on failure becomes the failure's cause.
 */
status linker_run(link_job *job, const char *const *arguments, size_t argument_count);

/* Path under which this process and its children open an input. */
const char *input_path(link_job *job, const link_input *input);

#endif
