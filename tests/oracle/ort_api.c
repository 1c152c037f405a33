/* ort_api.c: ONNX Runtime's table of functions, from libonnxruntime.so.1. */
#include "ort_api.h"

#include "oracle_error.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef ORT_LIBRARY
#define ORT_LIBRARY "build/npm/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1"
#endif

enum { API_VERSION = 1, LOG_ERRORS_ONLY = 3 };

typedef void (*any_function)(void);

/* OrtApiBase of onnxruntime_c_api.h */
typedef struct {
  const any_function *(*get_api)(uint32_t version);
  const char *(*get_version)(void);
} api_base;

void ort_check(const ort_api *api, ort_status *status, const char *doing) {
  if (status) oracle_die(ORACLE_EXIT_FAILED, "%s: %s", doing, api->GetErrorMessage(status));
}

static _Noreturn void skip(const char *path, const char *reason) {
  printf("SKIP: no ONNX Runtime at %s (%s)\n", path, reason);
  exit(ORACLE_EXIT_SKIP);
}

static const api_base *open_library(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) skip(path, dlerror());
  void *symbol = dlsym(library, "OrtGetApiBase");
  if (!symbol) skip(path, "it does not export OrtGetApiBase");
  const api_base *(*get_base)(void);
  memcpy(&get_base, &symbol, sizeof get_base); /* ISO C has no cast from void * to a function */
  return get_base();
}

ort_api ort_load(const char *library_path) {
  const char *path = library_path;
  if (!path) path = getenv("SMELT_ORT_LIBRARY");
  if (!path || !*path) path = ORT_LIBRARY;
  const api_base *base = open_library(path);
  const any_function *table = base->get_api(API_VERSION);
  if (!table) skip(path, "it does not speak version 1 of the C API");

  ort_api api = {.version = base->get_version()};
#define ORT_FILL(place, result, name, parameters) api.name = (result(*) parameters)table[place];
  ORT_CALLS(ORT_FILL)
#undef ORT_FILL
  ort_check(&api, api.CreateEnv(LOG_ERRORS_ONLY, "oracle", &api.env), "creating the environment");
  ort_check(&api, api.GetAllocatorWithDefaultOptions(&api.allocator), "asking for the allocator");
  return api;
}
