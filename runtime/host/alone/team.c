/* team.c: the team of a system with one thread, in place of core/team.c: a team of one, whatever was asked
 * for. */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

struct rt_team {
  uint32_t claims[SMELT_CLAIMS]; /* the frame's; nobody else takes any */
};

rt_team *rt_team_create(int32_t thread_count, bool pins) {
  (void)thread_count, (void)pins;
  return calloc(1, sizeof(rt_team));
}

void rt_team_destroy(rt_team *team) {
  free(team);
}

int32_t rt_team_thread_count(const rt_team *team) {
  (void)team;
  return 1;
}

static void barrier(smelt_frame *frame) {
  (void)frame;
}

void rt_team_run(rt_team *team, smelt_entry_code *code, smelt_frame *frame) {
  frame->barrier = barrier;
  frame->team = team;
  frame->claims = team->claims;
  code(frame, 0, 1);
}
