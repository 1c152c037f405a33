/* tokens.c: text and token ids of a model, as model.h offers them. */
#include "core/core.h"

int64_t smelt_encode(smelt_model *model, const char *text, size_t bytes, bool add_special, int32_t *ids,
                     int64_t capacity) {
  if (!model->has_tokenizer) {
    rt_fail(model, SMELT_BAD_ARGUMENT, "the model has no tokenizer");
    return -1;
  }
  if (!rt_encode(&model->encoder, text, bytes, add_special ? RT_ADD_SPECIAL : 0)) {
    rt_fail(model, SMELT_OUT_OF_MEMORY, "the text is too long");
    return -1;
  }
  int64_t count = (int64_t)model->encoder.ids.count;
  for (int64_t i = 0; i < count && i < capacity; i++) ids[i] = (int32_t)model->encoder.ids.items[i];
  return count;
}

/* Where decoded text goes: what fits is kept, all is counted. */
typedef struct {
  char *text;
  int64_t capacity, bytes;
} bounded_text;

static void append_text(void *user, const char *text, size_t bytes) {
  bounded_text *to = user;
  for (size_t i = 0; i < bytes; i++, to->bytes++)
    if (to->bytes < to->capacity) to->text[to->bytes] = text[i];
}

int64_t smelt_decode(smelt_model *model, const int32_t *ids, int64_t count, bool skip_special, char *text,
                     int64_t capacity) {
  if (!model->has_tokenizer) {
    rt_fail(model, SMELT_BAD_ARGUMENT, "the model has no tokenizer");
    return -1;
  }
  bounded_text to = {.text = text, .capacity = capacity};
  rt_decoder decoder;
  rt_decoder_init(&decoder, &model->tokenizer, RT_CLEAN_UP | (skip_special ? RT_SKIP_SPECIAL : 0));
  for (int64_t i = 0; i < count; i++) rt_decode(&decoder, (uint32_t)ids[i], append_text, &to);
  rt_decode_end(&decoder, append_text, &to);
  return to.bytes;
}
