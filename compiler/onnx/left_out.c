/* left_out.c: operators that smelt does without on purpose, and why. */
#include "onnx/import.h"

#include <string.h>

#define STRINGS                                                                                              \
  "works on strings, where a graph has numbers only; text becomes tokens in the program's own tokenizer"
#define RANDOM "gives random numbers that ONNX does not specify; tokens are sampled by the program itself"

/* ONNX_LEFT_OUT(X): X(operator, domain, reason), the operator "*" being a whole domain. */
#define ONNX_LEFT_OUT(X)                                                                                     \
  X("ImageDecoder", "", "decodes picture files, which is the caller's part; give the model pixels")          \
  X("TfIdfVectorizer", "", "counts n-grams for classical models; no transformer contains it")                \
  X("StringConcat", "", STRINGS)                                                                             \
  X("StringNormalizer", "", STRINGS)                                                                         \
  X("StringSplit", "", STRINGS)                                                                              \
  X("RegexFullMatch", "", STRINGS)                                                                           \
  X("Bernoulli", "", RANDOM)                                                                                 \
  X("Multinomial", "", RANDOM)                                                                               \
  X("RandomNormal", "", RANDOM)                                                                              \
  X("RandomNormalLike", "", RANDOM)                                                                          \
  X("RandomUniform", "", RANDOM)                                                                             \
  X("RandomUniformLike", "", RANDOM)                                                                         \
  X("*", "ai.onnx.ml", "belongs to classical machine learning (trees, encoders, vectorisers)")               \
  X("*", "ai.onnx.preview.training", "trains a model, where smelt's programs only run one")

static const struct {
  const char *op_type, *domain, *reason;
} left_out[] = {
#define X(op_type, domain, reason) {op_type, domain, reason},
    ONNX_LEFT_OUT(X)
#undef X
};
enum { LEFT_OUT_COUNT = sizeof left_out / sizeof *left_out };

const char *onnx_why_left_out(const char *domain, const char *op_type) {
  for (size_t i = 0; i < LEFT_OUT_COUNT; i++) {
    if (strcmp(left_out[i].domain, domain) != 0) continue;
    if (strcmp(left_out[i].op_type, op_type) == 0 || strcmp(left_out[i].op_type, "*") == 0)
      return left_out[i].reason;
  }
  return NULL;
}

void onnx_print_left_out(text *t) {
  text_print(
      t, "\n## Left out on purpose\n\n"
         "A model that holds one of these is refused with the reason. So are inputs that are strings, and\n"
         "Dropout in training mode unless its ratio is 0.\n\n"
         "| domain | operator | why: it |\n|---|---|---|\n");
  for (size_t i = 0; i < LEFT_OUT_COUNT; i++) {
    bool all = strcmp(left_out[i].op_type, "*") == 0;
    text_print(t, "| %s | %s | %s |\n", *left_out[i].domain ? left_out[i].domain : "ai.onnx",
               all ? "all" : left_out[i].op_type, left_out[i].reason);
  }
}
