/*
 * speculate.c: guesses what comes next from what came before in the text
 * ("prompt lookup": Saxena, 2023; Leviathan, Kalman and Matias, "Fast Inference
 * from Transformers via Speculative Decoding", 2023) and lets the model read
 * several guesses in one pass, which takes little longer than one token where
 * the weights' way from memory is what takes the time. Each token is still
 * chosen from its own logits, in order, so the text does not depend on guesses.
 */
#include "decode/decode.h"

#include <string.h>

enum { LONGEST_MATCH = 4, SHORTEST_MATCH = 2 };

/* ---- guesses that the model has read ---------------------------------------------------- */

/* Reads `token` and guesses behind it. */
static smelt_result read_ahead(rt_speculation *p, rt_session *s, int32_t token) {
  int32_t most = s->generation->verify_tokens - 1, room = s->model->max_tokens - s->count - 1;
  if (most > RT_MOST_GUESSES) most = RT_MOST_GUESSES;
  s->tokens[s->count] = token; /* there is room: the text could go on */
  p->tokens[0] = token;
  p->taken = p->count = 0;
  smelt_result result = p->speculator->guess(p, s, most < room ? most : room);
  if (result) return result;
  if (p->count == 0) return rt_session_read(s, &token, 1);
  s->guess_count += p->count;
  return rt_session_verify(s, p->tokens, p->count + 1, &p->rows);
}

smelt_result rt_speculate(rt_speculation *p, rt_session *s, int32_t token) {
  bool is_right = p->taken < p->count && p->tokens[1 + p->taken] == token;
  if (is_right) {
    p->taken++;
    s->right_count++;
    rt_session_take(s, p->rows + (size_t)p->taken * (size_t)s->generation->vocab_size);
    return SMELT_OK;
  }
  if (p->count > 0) {
    p->speculator->learn(p);
    rt_session_keep(s, s->count);
  }
  return read_ahead(p, s, token);
}

/* ---- guesses from the text so far ---------------------------------------------------------- */

/* Guesses what followed the text's last tokens where they, as many as possible, stood last before. */
static smelt_result look_up(rt_speculation *p, rt_session *s, int32_t most) {
  const int32_t *text = s->tokens;
  int32_t count = s->count + 1;
  if (p->most < 1 || p->most > most) p->most = most;
  if (p->least_match < SHORTEST_MATCH) p->least_match = SHORTEST_MATCH;
  p->is_drafted = false;
  for (int32_t match = LONGEST_MATCH; match >= p->least_match; match--) {
    const int32_t *end = text + count;
    for (int32_t at = count - 1; at >= match; at--) {
      if (memcmp(text + at - match, end - match, (size_t)match * sizeof *text) != 0) continue;
      p->count = count - at < p->most ? count - at : p->most;
      memcpy(p->tokens + 1, text + at, (size_t)p->count * sizeof *text);
      return SMELT_OK;
    }
  }
  return SMELT_OK;
}

static void learn_from_look_up(rt_speculation *p) {
  p->most = p->taken + 2;
  p->least_match += p->taken > 0 ? -1 : p->least_match < LONGEST_MATCH;
}

const smelt_speculator rt_lookup = {.read = rt_speculate, .guess = look_up, .learn = learn_from_look_up};
