/*
 * main.c: a model inside a C program. What smelt made of ../verse/model is linked in and used through
 * smelt/model.h: described, run once by name, and asked to go on from a text.
 *
 *     embed PROMPT [TOKENS]
 */
#include <smelt/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const smelt_image smelt_model_verse; /* of `smelt build --emit lib --name verse` */

enum { MAX_PROMPT_TOKENS = 256, MAX_OUTPUTS = 4 };

static int failed(const smelt_model *model, smelt_result result) {
  fprintf(stderr, "embed: %s: %s\n", smelt_result_text(result), model ? smelt_error(model) : "not opened");
  return 1;
}

/* ---- describe ---- */

static const char *dtype_name(smelt_dtype dtype) {
  static const char *const names[] = {
#define X(NAME, value, text, bytes) [SMELT_##NAME] = text,
      SMELT_DTYPES(X)
#undef X
  };
  return names[dtype];
}

static void print_tensor(const char *entry, const char *role, const smelt_tensor_info *info) {
  printf("%-8s %-6s %s %s[", entry, role, info->name, dtype_name(info->dtype));
  for (int32_t axis = 0; axis < info->rank; axis++) {
    printf(axis ? ", " : "");
    if (info->symbols[axis]) {
      printf("%s", info->symbols[axis]);
    } else {
      printf("%lld", (long long)info->dims[axis]);
    }
  }
  printf("]\n");
}

static void describe(const smelt_model *model) {
  smelt_tensor_info info;
  for (int32_t i = 0; i < smelt_entry_count(model); i++) {
    const char *entry = smelt_entry_name(model, i);
    for (int32_t k = 0; smelt_input_info(model, entry, k, &info) == SMELT_OK; k++)
      print_tensor(entry, "input", &info);
    for (int32_t k = 0; smelt_output_info(model, entry, k, &info) == SMELT_OK; k++)
      print_tensor(entry, "output", &info);
  }
}

/* ---- run by name ---- */

/* logits: f32 [1, 1, vocabulary], of the last position */
static int32_t likeliest_token(const smelt_tensor *logits) {
  const float *row = logits->data;
  int32_t best = 0;
  for (int32_t token = 1; token < logits->dims[2]; token++) {
    if (row[token] > row[best]) best = token;
  }
  return best;
}

/* What follows the prompt, by one run of "prefill" over its tokens. */
static smelt_result run_prompt(smelt_model *model, const char *prompt) {
  int32_t ids[MAX_PROMPT_TOKENS];
  int64_t wide[MAX_PROMPT_TOKENS];
  int64_t count = smelt_encode(model, prompt, strlen(prompt), true, ids, MAX_PROMPT_TOKENS);
  if (count < 1 || count > MAX_PROMPT_TOKENS) return SMELT_TOO_LARGE;
  for (int64_t i = 0; i < count; i++) wide[i] = ids[i];

  smelt_tensor_info info;
  smelt_result result = smelt_input_info(model, "prefill", 0, &info);
  if (result) return result;
  smelt_tensor input = {.dtype = SMELT_I64, .rank = 2, .dims = {1, count}, .data = wide},
               outputs[MAX_OUTPUTS];
  if (smelt_output_count(model, "prefill") > MAX_OUTPUTS) return SMELT_TOO_LARGE;
  smelt_reset(model);
  result = smelt_run(model, "prefill", &info.name, &input, 1, outputs);
  if (result) return result;

  int32_t token = likeliest_token(&outputs[0]);
  char text[64];
  int64_t bytes = smelt_decode(model, &token, 1, true, text, sizeof text);
  printf("the likeliest token after %lld tokens is %d, '%.*s'\n\n", (long long)count, token,
         bytes < (int64_t)sizeof text ? (int)bytes : (int)sizeof text, text);
  return SMELT_OK;
}

/* ---- generate ---- */

static bool on_token(void *user, int32_t token, const char *text, size_t bytes) {
  (void)user, (void)token;
  fwrite(text, 1, bytes, stdout);
  return fflush(stdout) == 0; /* false would stop the model */
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: embed PROMPT [TOKENS]\n");
    return 2;
  }
  smelt_model *model;
  smelt_result result = smelt_open(&smelt_model_verse, NULL, &model);
  if (result) return failed(NULL, result);

  describe(model);
  result = run_prompt(model, argv[1]);
  if (!result) {
    smelt_generate_options options = smelt_generate_defaults(model);
    options.temperature = 0; /* always the likeliest token */
    options.max_new_tokens = argc > 2 ? atoi(argv[2]) : 64;
    printf("%s", argv[1]);
    result = smelt_generate(model, argv[1], &options, on_token, NULL);
    printf("\n");
  }
  int code = result ? failed(model, result) : 0;
  smelt_close(model);
  return code;
}
