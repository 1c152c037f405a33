/* compile.h: a model on its way from folder to plan. Private to driver/. */
#ifndef SMELT_DRIVER_COMPILE_H
#define SMELT_DRIVER_COMPILE_H

#include "codegen/codegen.h"
#include "driver/diagnostics.h"
#include "driver/folder.h"
#include "driver/options.h"
#include "onnx/onnx.h"
#include "pass/pass.h"
#include "plan/plan.h"
#include "tokenizer/tokenizer.h"

/* What one pass did to one graph. */
typedef struct {
  const ir_graph *graph;
  const pass_info *pass;
  int rewrites;
} pass_record;

typedef struct {
  arena arena;
  const driver_options *options;
  progress progress;
  const codegen_target *target;
  model_folder folder;
  ir_module *module;
  onnx_model *files[3]; /* graph or decoder, encoder, decoder without past: mapped until compile_end */
  bool is_generator;
  smelt_manifest_generation generation; /* if is_generator */
  bool hears;                           /* it is a generator whose encoder reads sound */
  smelt_manifest_hearing hearing;       /* if hears */
  const char **language_codes;          /* [hearing.language_count] */
  int32_t *language_tokens;             /* likewise */
  bool reads_text;                      /* it is a graph over a text's tokens */
  bool reads_images;                    /* it is a graph over an image's pixels */
  smelt_manifest_vision vision;         /* if reads_images */
  smelt_manifest_reader reader;         /* if reads_text or reads_images */
  const char **labels;                  /* the reader's */
  const char *pooling_file;             /* that says how it pools; NULL: none does */
  plan_prompt *prompts;                 /* [reader.prompt_count] */
  text tokenizer;                       /* packed tables; empty where there are none */
  tok_summary tokenizer_summary;        /* where there are tables */
  text chat;                            /* the compiled chat template; empty where there is none */
  pass_record *passes;                  /* in the order they ran */
  size_t pass_count, pass_capacity;
  plan_module *plan;
} compilation;

/* What the options say about the model's inputs, added to *known. */
status known_inputs(arena *a, const driver_options *options, onnx_options *known);

/* Packs the folder's tokenizer. */
status compile_tokenizer(compilation *c);

/* --target's row of the target table, or this machine's. */
status compile_target(arena *a, const driver_options *options, const codegen_target **target);

/* Imports, runs the passes and plans. compile_end is due after success and failure. */
status compile_begin(compilation *c, const driver_options *options);
void compile_end(compilation *c);

#endif
