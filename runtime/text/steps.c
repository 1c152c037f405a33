/* steps.c: what happens to text before it is split: prefixes, replacements, normal form. */
#include "text/encoder.h"
#include "text/white_space.h"

static bool replace_all(rt_slice text, rt_slice from, rt_slice to, rt_bytes *out) {
  size_t done = 0, at = 0;
  while (at + from.count <= text.count) {
    const uint8_t *hit = memchr(text.bytes + at, from.bytes[0], text.count - at - from.count + 1);
    if (!hit) break;
    at = (size_t)(hit - text.bytes);
    if (memcmp(hit, from.bytes, from.count) != 0) {
      at++;
      continue;
    }
    if (!rt_append(out, text.bytes + done, at - done) || !rt_append(out, to.bytes, to.count)) return false;
    done = at += from.count;
  }
  return rt_append(out, text.bytes + done, text.count - done);
}

/* A prefix goes before text that is not empty, and not where it is there already or out of place. */
static bool wants_prefix(tok_step_kind kind, rt_slice text, rt_slice unless, bool is_first) {
  if (!text.count || (kind == TOK_STEP_PREPEND_MISSING_FIRST && !is_first)) return false;
  return kind == TOK_STEP_PREPEND || text.count < unless.count ||
         memcmp(text.bytes, unless.bytes, unless.count) != 0;
}

/* Appends to `out` what one step makes of `text`. */
static bool apply_step(rt_encoder *e, const tok_step *step, rt_slice text, rt_slice a, rt_slice b,
                       rt_bytes *out) {
  switch (step->kind) {
  case TOK_STEP_REPLACE:
    return replace_all(text, a, b, out);
  case TOK_STEP_REPLACE_MATCHES:
    return rt_replace_matches(e->tokenizer, &e->tokenizer->splits[step->a_offset], text, b, out);
  case TOK_STEP_CHARSMAP:
    return rt_apply_charsmap(e->tokenizer, text, out);
  case TOK_STEP_SQUEEZE:
    return rt_squeeze_spaces(text, a, out);
  case TOK_STEP_NFC:
    return rt_normal_form(e, text, true, out);
  case TOK_STEP_NFD:
    return rt_normal_form(e, text, false, out);
  case TOK_STEP_MAP:
  case TOK_STEP_LOWERCASE:
    return rt_map_codes(e, text, step, out);
  default:
    return rt_append(out, a.bytes, a.count) && rt_append(out, text.bytes, text.count);
  }
}

/* The part of step_bytes that a step names; steps without a text may have any offset. */
static rt_slice step_text(const rt_tokenizer *t, uint32_t offset, uint32_t bytes) {
  return (rt_slice){bytes ? t->step_bytes + offset : NULL, bytes};
}

bool rt_apply_steps(rt_encoder *e, const tok_step *steps, uint32_t step_count, rt_bytes buffers[2],
                    bool is_first, rt_slice *text) {
  const rt_tokenizer *t = e->tokenizer;
  int next = 0; /* the buffer that does not hold the text */
  for (uint32_t i = 0; i < step_count; i++) {
    const tok_step *step = &steps[i];
    rt_slice a = step_text(t, step->a_offset, step->a_bytes), b = step_text(t, step->b_offset, step->b_bytes);
    if (step->kind == TOK_STEP_STRIP_LEFT || step->kind == TOK_STEP_STRIP_RIGHT) {
      bool left = step->kind == TOK_STEP_STRIP_LEFT;
      size_t begin = left ? skip_spaces(*text, 0) : 0;
      size_t end = left ? text->count : trim_spaces(*text, 0, text->count);
      *text = (rt_slice){text->bytes + begin, end - begin};
      continue;
    }
    if (step->kind <= TOK_STEP_PREPEND_MISSING_FIRST &&
        !wants_prefix((tok_step_kind)step->kind, *text, b, is_first))
      continue;
    rt_bytes *out = &buffers[next];
    rt_clear(out);
    if (!apply_step(e, step, *text, a, b, out)) return false;
    *text = (rt_slice){out->bytes, out->count};
    next = !next;
  }
  return true;
}
