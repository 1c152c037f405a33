/* stage.h: what the files of link/ share: the job, its objects, and the target's facts. */
#ifndef SMELT_LINK_STAGE_H
#define SMELT_LINK_STAGE_H

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

struct link_job {
  arena *arena;
  const link_target *target;
  const char *destination;
  const char *folder; /* the destination's */
  link_input *inputs;
  size_t input_count, input_capacity;
};

/*
 * A file to be written in the destination's folder and renamed onto it when
 * it is whole. output_begin makes its name; output_commit, with the mode it
 * shall have before the umask, or output_abandon ends it.
 */
status output_begin(link_job *job, const char **path);
status output_commit(link_job *job, const char *path, unsigned mode);
void output_abandon(const char *path);

/*
 * Runs ld.lld with `arguments` (argv[1] on), the job's inputs open under the
 * descriptors they have here. SIGINT and SIGTERM that arrive meanwhile end the
 * linker first, remove `output`, and then act as they would have. What the
 * linker says on failure becomes the failure's cause.
 */
status linker_run(link_job *job, const char *output, const char *const *arguments, size_t argument_count);

/* Path under which this process and its children open an input. */
const char *input_path(link_job *job, const link_input *input);

#endif
