/* Profiles: calls and work of steps inside loops, counted with the sizes of their turn; no step counted
 * twice. */
#include "core/core.h"
#include "runtime_fake_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TURNS = 3, THREADS = 3 };

/* Two steps: one in a loop whose turn's number is symbol 0, one after it. */
static void looping_code(smelt_frame *frame, int32_t thread, int32_t thread_count) {
  (void)thread_count;
  for (int64_t turn = 0; turn < TURNS; turn++) {
    if (thread == 0) frame->dims[0] = turn + 1;
    frame->step_done(frame, 0);
    frame->barrier(frame);
  }
  frame->step_done(frame, 1);
}

static void loops_are_counted(void **state) {
  (void)state;
  static fake_manifest m;
  const int64_t one[] = {SMELT_DIM_CONST, 1, SMELT_DIM_END};
  const int64_t thousand_turns[] = {SMELT_DIM_CONST, 1000, SMELT_DIM_SYMBOL, 0, SMELT_DIM_MUL, SMELT_DIM_END};
  smelt_offset programs[] = {fake_put(&m, one, sizeof one),
                             fake_put(&m, thousand_turns, sizeof thousand_turns)};
  smelt_manifest_step steps[] = {
      {.label = fake_text(&m, "inside"), .flops = programs[1], .bytes = programs[0]},
      {.label = fake_text(&m, "after"), .flops = programs[0], .bytes = programs[1]}};
  smelt_manifest_entry entry = {.step_count = 2, .steps = fake_put(&m, steps, sizeof steps)};
  fake_header(&m)->entry_count = 1;
  rt_manifest manifest = {.header = fake_header(&m), .entries = &entry};

  rt_team *team = rt_team_create(THREADS, false);
  rt_profile *profile = rt_profile_create(&manifest, THREADS);
  assert_non_null(team);
  assert_non_null(profile);
  int64_t dims[1] = {0};
  for (int call = 0; call < 2; call++) {
    smelt_frame frame = {.dims = dims};
    rt_profile_run(profile, &manifest, 0, team, looping_code, &frame);
  }

  const rt_entry_time *times = &profile->entries[0];
  assert_int_equal(times->calls, 2);
  int64_t spent_ns = 0;
  for (int32_t thread = 0; thread < rt_team_thread_count(team); thread++) {
    const rt_step_time *inside = &times->steps[thread * 2], *after = inside + 1;
    assert_int_equal(inside->calls, 2 * TURNS);
    assert_int_equal(after->calls, 2);
    assert_int_equal(after->wait_ns, 0);
    spent_ns = inside->work_ns + inside->wait_ns + after->work_ns;
    assert_true(spent_ns >= 0 && spent_ns <= times->wall_ns);
  }
  assert_true(times->steps[0].flops == 2 * 1000 * (1 + 2 + 3));
  assert_true(times->steps[0].bytes == 2 * TURNS);
  assert_true(times->steps[1].bytes == 2 * 1000 * TURNS);
  rt_profile_free(profile);
  rt_team_destroy(team);
}

static void steps_are_checked(void **state) {
  (void)state;
  static fake_manifest m;
  const int64_t endless[] = {SMELT_DIM_CONST, 1, SMELT_DIM_ADD};
  const fake_dim size = FAKE_CONST(4);
  smelt_manifest_tensor tensor = fake_tensor(&m, "x", SMELT_F32, 1, &size, 0);
  smelt_offset good = ((const smelt_offset *)(const void *)(m.bytes + tensor.dims))[0];
  smelt_manifest_step steps[] = {{.label = fake_text(&m, "step"), .flops = good, .bytes = good}};
  smelt_manifest_entry entry = {
      .name = fake_text(&m, "run"), .step_count = 1, .steps = fake_put(&m, steps, sizeof steps)};
  smelt_offset bad = fake_put(&m, endless, sizeof endless);
  smelt_offset entries = fake_put(&m, &entry, sizeof entry);
  smelt_manifest *header = fake_header(&m);
  memcpy(header->magic, SMELT_MANIFEST_MAGIC, sizeof header->magic);
  header->entry_count = 1;
  header->entries = entries;
  header->model_name = header->smelt_version = entry.name;
  header->bytes = m.used;
  rt_manifest manifest;
  assert_null(rt_manifest_check(m.bytes, &manifest));

  smelt_manifest_step *step = (smelt_manifest_step *)(void *)(m.bytes + entry.steps);
  step->bytes = bad;
  assert_non_null(rt_manifest_check(m.bytes, &manifest));
  *step = steps[0];
  step->label = header->bytes;
  assert_non_null(rt_manifest_check(m.bytes, &manifest));
  *step = steps[0];
  step->dtype = SMELT_DTYPE_COUNT;
  assert_non_null(rt_manifest_check(m.bytes, &manifest));
  *step = steps[0];
  ((smelt_manifest_entry *)(void *)(m.bytes + entries))->step_count = UINT32_MAX;
  assert_non_null(rt_manifest_check(m.bytes, &manifest));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(loops_are_counted),
                                     cmocka_unit_test(steps_are_checked)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
