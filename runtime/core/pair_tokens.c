/* pair_tokens.c: token ids of two texts, as model.h offers them. */
#include "core/core.h"

int64_t smelt_encode_pair(smelt_model *model, const smelt_pair *pair, int32_t *ids, int32_t *types,
                          int64_t capacity) {
  static const unsigned cuts[] = {[SMELT_CUT_AS_SET] = 0,
                                  [SMELT_CUT_LONGEST] = RT_CUT_LONGEST,
                                  [SMELT_CUT_FIRST] = RT_CUT_FIRST,
                                  [SMELT_CUT_SECOND] = RT_CUT_SECOND};
  rt_encoder *e = &model->encoder;
  if (!model->has_tokenizer || (unsigned)pair->cut > SMELT_CUT_SECOND || pair->most < 0) {
    rt_fail(model, SMELT_BAD_ARGUMENT,
            model->has_tokenizer ? "a pair is cut in no such way" : "the model has no tokenizer");
    return -1;
  }
  rt_pair texts = {pair->first, pair->second, pair->first_bytes, pair->second_bytes};
  unsigned flags = cuts[pair->cut] | (pair->add_special ? RT_ADD_SPECIAL : 0);
  if (!rt_encode_pair(e, texts, pair->most ? (size_t)pair->most : SIZE_MAX, flags)) {
    rt_fail(model, SMELT_TOO_LARGE, "the texts are too long: %lld tokens have no room for what is not cut",
            (long long)pair->most);
    return -1;
  }
  int64_t count = (int64_t)e->ids.count;
  for (int64_t i = 0; i < count && i < capacity; i++) {
    if (ids) ids[i] = (int32_t)e->ids.items[i];
    if (types) types[i] = (int32_t)e->types.items[i];
  }
  return count;
}
