/*
 * session.h: one ONNX file loaded in ONNX Runtime, with the names and shapes of its inputs and outputs.
 */
#ifndef ORACLE_SESSION_H
#define ORACLE_SESSION_H

#include "tensor.h"

typedef struct {
  const ort_api *api;
  ort_session *handle;
  size_t input_count, output_count;
  char **input_names, **output_names;
  tensor *inputs; /* [input_count] descriptions; symbolic dims are -1 */
} session;

enum { NOT_FOUND = -1 };

session session_open(const ort_api *api, const char *path, int threads); /* dies when the model is refused */
void session_close(session *s);

/* Index of the input or output called `name`, else NOT_FOUND. */
int session_find_input(const session *s, const char *name);
int session_find_output(const session *s, const char *name);

/* feeds: [input_count], all set. Fills outputs: [output_count], each freed with api->ReleaseValue. */
void session_run(const session *s, ort_value *const *feeds, ort_value **outputs);

#endif
