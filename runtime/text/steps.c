/* steps.c: what happens to text before it is split: prefixes, replacements, normal form. */
#include "text/encoder.h"

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

bool rt_apply_steps(rt_encoder *e, const tok_step *steps, uint32_t step_count, rt_bytes buffers[2],
                    bool is_first, rt_slice *text) {
  const rt_tokenizer *t = e->tokenizer;
  for (uint32_t i = 0; i < step_count; i++) {
    const tok_step *step = &steps[i];
    bool has_texts = step->a_bytes || step->b_bytes;
    rt_slice a = {has_texts ? t->step_bytes + step->a_offset : NULL, step->a_bytes};
    rt_slice b = {has_texts ? t->step_bytes + step->b_offset : NULL, step->b_bytes};
    rt_bytes *out = &buffers[text->bytes == buffers[0].bytes]; /* never the one that is read */
    bool ok;
    out->count = 0;
    if (step->kind == TOK_STEP_REPLACE) {
      ok = replace_all(*text, a, b, out);
    } else if (step->kind == TOK_STEP_NFC) {
      ok = rt_normal_form(e, *text, true, out);
    } else if (step->kind == TOK_STEP_NFD) {
      ok = rt_normal_form(e, *text, false, out);
    } else if (step->kind == TOK_STEP_MAP || step->kind == TOK_STEP_LOWERCASE) {
      ok = rt_map_codes(e, *text, step, out);
    } else {
      if (!wants_prefix((tok_step_kind)step->kind, *text, b, is_first)) continue;
      ok = rt_append(out, a.bytes, a.count) && rt_append(out, text->bytes, text->count);
    }
    if (!ok) return false;
    *text = (rt_slice){out->bytes, out->count};
  }
  return true;
}
