/* session.c: an ONNX file loaded, and what its inputs and outputs are called. */
#include "session.h"

#include "oracle_error.h"

#include <stdlib.h>
#include <string.h>

static tensor describe_input(const ort_api *api, const ort_session *handle, size_t index) {
  ort_type_info *type = NULL;
  const ort_tensor_info *info = NULL;
  ort_check(api, api->SessionGetInputTypeInfo(handle, index, &type), "reading an input's type");
  ort_check(api, api->CastTypeInfoToTensorInfo(type, &info), "reading an input's type");
  if (!info) oracle_die(ORACLE_EXIT_FAILED, "input %zu is not a tensor", index);
  tensor description = tensor_describe(api, info);
  api->ReleaseTypeInfo(type);
  return description;
}

session session_open(const ort_api *api, const char *path, int threads) {
  session s = {.api = api};
  ort_options *options = NULL;
  ort_check(api, api->CreateSessionOptions(&options), "making options");
  ort_check(api, api->SetIntraOpNumThreads(options, threads), "setting the thread count");
  ort_check(api, api->CreateSession(api->env, path, options, &s.handle), path);
  api->ReleaseSessionOptions(options);

  ort_check(api, api->SessionGetInputCount(s.handle, &s.input_count), path);
  ort_check(api, api->SessionGetOutputCount(s.handle, &s.output_count), path);
  s.input_names = oracle_array(s.input_count, sizeof *s.input_names);
  s.output_names = oracle_array(s.output_count, sizeof *s.output_names);
  s.inputs = oracle_array(s.input_count, sizeof *s.inputs);
  for (size_t i = 0; i < s.input_count; i++) {
    ort_check(api, api->SessionGetInputName(s.handle, i, api->allocator, &s.input_names[i]), path);
    s.inputs[i] = describe_input(api, s.handle, i);
  }
  for (size_t i = 0; i < s.output_count; i++)
    ort_check(api, api->SessionGetOutputName(s.handle, i, api->allocator, &s.output_names[i]), path);
  return s;
}

void session_close(session *s) {
  if (s->handle) s->api->ReleaseSession(s->handle);
  free(s->input_names); /* the names are ONNX Runtime's and go with the process */
  free(s->output_names);
  free(s->inputs);
  *s = (session){0};
}

static int find(char *const *names, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (!strcmp(names[i], name)) return (int)i;
  return NOT_FOUND;
}

int session_find_input(const session *s, const char *name) {
  return find(s->input_names, s->input_count, name);
}

int session_find_output(const session *s, const char *name) {
  return find(s->output_names, s->output_count, name);
}

void session_run(const session *s, ort_value *const *feeds, ort_value **outputs) {
  for (size_t i = 0; i < s->output_count; i++) outputs[i] = NULL;
  ort_check(s->api,
            s->api->Run(s->handle, NULL, (ort_names)s->input_names, (const ort_value *const *)feeds,
                        s->input_count, (ort_names)s->output_names, s->output_count, outputs),
            "running the model");
}
