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

/*
 * Guesses what follows the text: what followed its last tokens where they, as many as possible, stood last
 * before. Writes at most `most` guesses and returns how many.
 */
static int32_t guess(const int32_t *text, int32_t count, int32_t least_match, int32_t most,
                     int32_t *guesses) {
  for (int32_t match = LONGEST_MATCH; match >= least_match; match--) {
    const int32_t *end = text + count;
    for (int32_t at = count - 1; at >= match; at--) {
      if (memcmp(text + at - match, end - match, (size_t)match * sizeof *text) != 0) continue;
      int32_t found = count - at < most ? count - at : most;
      memcpy(guesses, text + at, (size_t)found * sizeof *text);
      return found;
    }
  }
  return 0;
}

/* Reads `token` and guesses behind it. */
static smelt_result read_ahead(rt_speculation *p, rt_session *s, int32_t token) {
  int32_t most = s->generation->verify_tokens - 1, room = s->model->max_tokens - s->count - 1;
  if (most > RT_MOST_GUESSES) most = RT_MOST_GUESSES;
  if (p->most < 1 || p->most > most) p->most = most;
  if (p->least_match < SHORTEST_MATCH) p->least_match = SHORTEST_MATCH;
  s->tokens[s->count] = token; /* there is room: the text could go on */
  p->tokens[0] = token;
  p->taken = 0;
  p->count = guess(s->tokens, s->count + 1, p->least_match, p->most < room ? p->most : room, p->tokens + 1);
  if (p->count == 0) return rt_session_read(s, &token, 1);
  return rt_session_verify(s, p->tokens, p->count + 1, &p->rows);
}

smelt_result rt_speculate(rt_speculation *p, rt_session *s, int32_t token) {
  bool is_right = p->taken < p->count && p->tokens[1 + p->taken] == token;
  if (is_right) {
    p->taken++;
    rt_session_take(s, p->rows + (size_t)p->taken * (size_t)s->generation->vocab_size);
    return SMELT_OK;
  }
  if (p->count > 0) {
    p->most = p->taken + 2;
    p->least_match += p->taken > 0 ? -1 : p->least_match < LONGEST_MATCH;
    rt_session_keep(s, s->count);
  }
  return read_ahead(p, s, token);
}
