/* A text that lives on across requests, on a fake model whose next token is a known function of all before.
 */
#include "runtime_fake_image.h"

#include "decode/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static fake_manifest manifest;
static const smelt_image image = {.manifest = manifest.bytes, .level_count = 1, .levels = gen_levels};
static const int32_t prompt[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3};

static smelt_model *open_generator(gen_kind kind) {
  smelt_model *model;
  gen_manifest(&manifest, kind, -1);
  assert_int_equal(smelt_open(&image, &(smelt_open_options){.threads = 1}, &model), SMELT_OK);
  return model;
}

static int32_t likeliest(const rt_session *s) {
  int32_t best = 0;
  for (int32_t i = 1; i < GEN_VOCAB; i++)
    if (s->logits[i] > s->logits[best]) best = i;
  return best;
}

/* The fake's memory is one number, which does not go back: what it says after going back is told by its past.
 */
static uint64_t hash_of(const int32_t *tokens, int32_t count, uint64_t h) {
  for (int32_t i = 0; i < count; i++) h = gen_next(h, tokens[i]);
  return h;
}

static void reads_on_and_generates_on(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER);
  rt_session s;
  assert_int_equal(rt_session_open(&s, model), SMELT_OK);
  assert_int_equal(rt_session_begin(&s, prompt, 5), SMELT_OK);
  assert_int_equal(rt_session_read(&s, prompt + 5, 10), SMELT_OK);
  assert_int_equal(s.count, 15);
  assert_int_equal(likeliest(&s), hash_of(prompt, 15, 0) % GEN_VOCAB);

  rt_generation request = {.options = {.max_new_tokens = 4}};
  assert_int_equal(rt_session_generate(&s, &request), SMELT_OK);
  assert_int_equal(s.count, 18); /* the fourth is not read */
  assert_memory_equal(s.tokens, prompt, 15 * sizeof *prompt);
  uint64_t h = hash_of(prompt, 15, 0);
  for (int i = 15; i < 18; i++) {
    assert_int_equal(s.tokens[i], h % GEN_VOCAB);
    h = gen_next(h, s.tokens[i]);
  }
  assert_int_equal(rt_session_read(&s, prompt, 2), SMELT_OK);
  assert_int_equal(likeliest(&s), hash_of(prompt, 2, h) % GEN_VOCAB);
  assert_int_equal(rt_session_read(&s, prompt, 18), SMELT_OK);
  assert_int_equal(rt_session_read(&s, prompt, 3), SMELT_TOO_LARGE);
  assert_int_equal(s.count, 38);
  rt_session_close(&s);
  smelt_close(model);
}

static void becomes_a_text_by_reading_what_is_new(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER);
  const gen_state *memory = (const gen_state *)(const void *)model->state;
  rt_session s;
  assert_int_equal(rt_session_open(&s, model), SMELT_OK);
  assert_int_equal(rt_session_become(&s, prompt, 8), SMELT_OK);
  assert_int_equal(memory->calls, 1);
  assert_int_equal(rt_session_become(&s, prompt, 8), SMELT_OK); /* nothing is new */
  assert_int_equal(memory->calls, 1);
  assert_int_equal(rt_session_become(&s, prompt, 11), SMELT_OK); /* three are */
  assert_int_equal(memory->tokens, 11);
  assert_int_equal(likeliest(&s), hash_of(prompt, 11, 0) % GEN_VOCAB);

  int32_t other[11];
  for (int i = 0; i < 11; i++) other[i] = i == 7 ? 15 : prompt[i];
  assert_int_equal(rt_session_become(&s, other, 11), SMELT_OK); /* from the eighth on */
  assert_int_equal(memory->tokens, 15);
  assert_int_equal(s.count, 11);
  assert_memory_equal(s.tokens, other, sizeof other);
  assert_int_equal(rt_session_become(&s, other, 4), SMELT_OK); /* the last once more, for its logits */
  assert_int_equal(memory->tokens, 16);
  assert_int_equal(s.count, 4);
  assert_int_equal(model->past_tokens, 4);
  assert_int_equal(rt_session_become(&s, (int32_t[]){GEN_VOCAB}, 1), SMELT_BAD_ARGUMENT);
  rt_session_close(&s);
  smelt_close(model);
}

static void goes_back_to_its_mark(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER);
  rt_session s;
  assert_int_equal(rt_session_open(&s, model), SMELT_OK);
  assert_int_equal(rt_session_begin(&s, prompt, 6), SMELT_OK);
  assert_true(rt_session_mark(&s));
  int32_t first = likeliest(&s);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(rt_session_read(&s, prompt + 6, 3), SMELT_OK);
    rt_session_rewind(&s);
    assert_int_equal(s.count, 6);
    assert_int_equal(likeliest(&s), first);
  }
  rt_session_keep(&s, 2);
  assert_null(s.logits);
  rt_session_keep(&s, 0);
  assert_int_equal(rt_session_generate(&s, &(rt_generation){0}), SMELT_BAD_ARGUMENT);
  rt_session_close(&s);
  smelt_close(model);
}

/* A constraint: even tokens only, and after `most` of them the end. */
typedef struct {
  uint64_t bits;
  int32_t made, most;
} even_tokens;

static void even_reset(void *user) {
  ((even_tokens *)user)->made = 0;
}

static const uint64_t *even_allowed(void *user) {
  even_tokens *e = user;
  e->bits = e->made < e->most ? 0x5555 : 0;
  return &e->bits;
}

static void even_accept(void *user, int32_t token) {
  assert_int_equal(token % 2, 0);
  ((even_tokens *)user)->made++;
}

static bool even_may_end(void *user) {
  even_tokens *e = user;
  return e->made >= e->most;
}

static bool count_tokens(void *user, int32_t token, const char *text, size_t bytes) {
  (void)text, (void)bytes;
  assert_int_equal(token % 2, 0);
  ++*(int32_t *)user;
  return true;
}

static void constraints_say_what_comes_and_when_it_ends(void **state) {
  (void)state;
  smelt_model *model = open_generator(GEN_DECODER);
  even_tokens even = {.most = 5};
  rt_constraint constraint = {&even, even_reset, even_allowed, even_accept, even_may_end, NULL, NULL};
  int32_t count = 0;
  rt_generation request = {.prompt = prompt,
                           .prompt_tokens = 6,
                           .options = {.temperature = 1, .seed = 3},
                           .constraint = &constraint,
                           .on_token = count_tokens,
                           .user = &count};
  for (int round = 1; round <= 2; round++) { /* reset in between */
    assert_int_equal(rt_generate(model, &request), SMELT_OK);
    assert_int_equal(count, 5 * round);
  }
  int32_t all[GEN_VOCAB];
  for (int32_t i = 0; i < GEN_VOCAB; i++) all[i] = i;
  request.options.suppressed = (smelt_token_list){all, GEN_VOCAB};
  assert_int_equal(rt_generate(model, &request), SMELT_INCOMPLETE);
  smelt_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_on_and_generates_on),
      cmocka_unit_test(becomes_a_text_by_reading_what_is_new),
      cmocka_unit_test(goes_back_to_its_mark),
      cmocka_unit_test(constraints_say_what_comes_and_when_it_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
