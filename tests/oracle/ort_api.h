/*
 * ort_api.h: the part of ONNX Runtime's C API that the oracle calls, found at run time.
 *
 * The npm package ships libonnxruntime.so.1 without headers. Its C API is a table of function pointers whose
 * first 102 places (API version 1) are frozen for ever: onnxruntime_c_api.h appends only, and the library
 * asserts that ReleaseCustomOpDomain sits at place 101. So a place number and a signature say all there is to
 * say.
 */
#ifndef ORACLE_ORT_API_H
#define ORACLE_ORT_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct ort_status ort_status; /* NULL means success */
typedef struct ort_env ort_env;
typedef struct ort_options ort_options;
typedef struct ort_session ort_session;
typedef struct ort_value ort_value;
typedef struct ort_allocator ort_allocator;
typedef struct ort_type_info ort_type_info;
typedef struct ort_tensor_info ort_tensor_info;
typedef const char *const *ort_names;

/* X(place in the table, result, name, parameters) */
#define ORT_CALLS(X)                                                                                         \
  X(2, const char *, GetErrorMessage, (const ort_status *))                                                  \
  X(3, ort_status *, CreateEnv, (int severity, const char *log_name, ort_env **))                            \
  X(7, ort_status *, CreateSession,                                                                          \
    (const ort_env *, const char *path, const ort_options *, ort_session **))                                \
  X(9, ort_status *, Run,                                                                                    \
    (ort_session *, const void *run_options, ort_names inputs, const ort_value *const *, size_t input_count, \
     ort_names outputs, size_t output_count, ort_value **))                                                  \
  X(10, ort_status *, CreateSessionOptions, (ort_options **))                                                \
  X(24, ort_status *, SetIntraOpNumThreads, (ort_options *, int threads))                                    \
  X(30, ort_status *, SessionGetInputCount, (const ort_session *, size_t *))                                 \
  X(31, ort_status *, SessionGetOutputCount, (const ort_session *, size_t *))                                \
  X(33, ort_status *, SessionGetInputTypeInfo, (const ort_session *, size_t index, ort_type_info **))        \
  X(36, ort_status *, SessionGetInputName, (const ort_session *, size_t index, ort_allocator *, char **))    \
  X(37, ort_status *, SessionGetOutputName, (const ort_session *, size_t index, ort_allocator *, char **))   \
  X(48, ort_status *, CreateTensorAsOrtValue,                                                                \
    (ort_allocator *, const int64_t *dims, size_t rank, int element_type, ort_value **))                     \
  X(51, ort_status *, GetTensorMutableData, (ort_value *, void **))                                          \
  X(55, ort_status *, CastTypeInfoToTensorInfo, (const ort_type_info *, const ort_tensor_info **))           \
  X(60, ort_status *, GetTensorElementType, (const ort_tensor_info *, int *))                                \
  X(61, ort_status *, GetDimensionsCount, (const ort_tensor_info *, size_t *))                               \
  X(62, ort_status *, GetDimensions, (const ort_tensor_info *, int64_t *dims, size_t rank))                  \
  X(65, ort_status *, GetTensorTypeAndShape, (const ort_value *, ort_tensor_info **))                        \
  X(78, ort_status *, GetAllocatorWithDefaultOptions, (ort_allocator **))                                    \
  X(92, void, ReleaseEnv, (ort_env *))                                                                       \
  X(95, void, ReleaseSession, (ort_session *))                                                               \
  X(96, void, ReleaseValue, (ort_value *))                                                                   \
  X(98, void, ReleaseTypeInfo, (ort_type_info *))                                                            \
  X(99, void, ReleaseTensorTypeAndShapeInfo, (ort_tensor_info *))                                            \
  X(100, void, ReleaseSessionOptions, (ort_options *))

typedef struct {
#define ORT_MEMBER(place, result, name, parameters) result(*name) parameters;
  ORT_CALLS(ORT_MEMBER)
#undef ORT_MEMBER
  ort_env *env;
  ort_allocator *allocator;
  const char *version; /* "1.30.0" */
} ort_api;

/*
 * Opens the library at `library_path`, else at $SMELT_ORT_LIBRARY, else where the build fetched it. Where
 * none can be opened, prints "SKIP: ..." on stdout and exits 77.
 */
ort_api ort_load(const char *library_path);

/* Dies with ONNX Runtime's message, prefixed with `doing`, unless `status` is NULL. */
void ort_check(const ort_api *api, ort_status *status, const char *doing);

#endif
