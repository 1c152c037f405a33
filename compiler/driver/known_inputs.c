/* known_inputs.c: what --fix, --length and --absent say about a model's inputs. */
#include "driver/compile.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ELEMENTS = 4096 };

static status malformed(arena *a, const char *option, const char *word, const char *expected) {
  return fail_expected(a, fail(a, STATUS_USAGE, "%s got '%s'", option, word), "%s", expected);
}

/* NAME of "NAME=VALUE", and where VALUE begins: after the last '=', since names may have one. NULL: no pair.
 */
static const char *split_pair(arena *a, const char *word, const char **value) {
  const char *equals = strrchr(word, '=');
  if (!equals || equals == word) return NULL;
  *value = equals + 1;
  return arena_format(a, "%.*s", (int)(equals - word), word);
}

static status parse_fixed(arena *a, const char *word, onnx_constant_input *known) {
  static const char expected[] = "NAME=NUMBER, or NAME=NUMBER,NUMBER,...";
  const char *at;
  size_t capacity = 0;
  double *values = NULL;
  *known = (onnx_constant_input){.name = split_pair(a, word, &at)};
  while (known->name) {
    char *end;
    double value = strtod(at, &end);
    if (end == at || (*end && *end != ',')) break;
    ARENA_PUSH(a, values, known->value_count, capacity) = value;
    known->values = values;
    if (!*end) return OK;
    at = end + 1;
  }
  return malformed(a, "--fix", word, expected);
}

static status parse_length(arena *a, const char *word, onnx_form *form) {
  const char *value;
  char *end;
  *form = (onnx_form){.name = split_pair(a, word, &value), .kind = ONNX_SEQUENCE};
  long long length = -1;
  if (form->name && *value) {
    length = strtoll(value, &end, 10);
    if (*end || length > MOST_ELEMENTS) length = -1;
  }
  form->length = (size_t)length;
  if (length >= 0) return OK;
  return malformed(a, "--length", word, arena_format(a, "NAME=N, N from 0 to %d", MOST_ELEMENTS));
}

status known_inputs(arena *a, const driver_options *options, onnx_options *known) {
  onnx_constant_input *constants = ARENA_ARRAY(a, onnx_constant_input, options->fixed.count + 1);
  onnx_form *forms = ARENA_ARRAY(a, onnx_form, options->lengths.count + options->absent.count);
  for (size_t i = 0; i < options->fixed.count; i++) {
    TRY(parse_fixed(a, options->fixed.words[i], &constants[known->constant_count++]));
  }
  for (size_t i = 0; i < options->lengths.count; i++) {
    TRY(parse_length(a, options->lengths.words[i], &forms[known->form_count++]));
  }
  for (size_t i = 0; i < options->absent.count; i++) {
    forms[known->form_count++] = (onnx_form){.name = options->absent.words[i], .kind = ONNX_ABSENT};
  }
  known->constants = constants;
  known->forms = forms;
  return OK;
}
