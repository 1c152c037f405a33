/*
 * engine.h: what the bench asks of an engine: one model, loaded once, read and continued many times.
 *
 * engine_smelt.c, engine_ort.c and engine_llama.c each implement it; runner.c is the program around it. An
 * engine that fails says why on stderr and ends the process: a bench has nothing to go on with.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char
      *model; /* a folder (ONNX Runtime), a .gguf file (llama.cpp), unused where the model is linked in */
  int threads;
  int context_tokens; /* the longest text that will be asked for */
} engine_options;

typedef struct engine engine;

/* [count] f32 of the engine's, valid until its next call. */
typedef struct {
  const float *data;
  size_t count;
} engine_result;

engine *engine_open(const engine_options *options);
void engine_close(engine *e);

typedef enum { ENGINE_DECODER, ENGINE_ENCODER, ENGINE_ENCODER_DECODER } engine_kind;
engine_kind engine_kind_of(const engine *e);

/* Forgets what was read. */
void engine_reset(engine *e);

/* Reads `count` more tokens; the logits after the last of them. */
engine_result engine_read(engine *e, const int32_t *ids, size_t count);

/*
 * Runs an encoder over ids [batch, tokens] without padding; its first output. In an encoder-decoder, where it
 * comes before engine_read, batch is 1, the text begins anew, and the result may be empty.
 */
engine_result engine_encode(engine *e, const int32_t *ids, size_t batch, size_t tokens);

/* Prints "bench: " and the printf-formatted message on stderr and exits with 1. */
_Noreturn void engine_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
