/*
 * onnx.h: ONNX bytes to a graph. A model file is mapped and unpacked once; its
 * main graph is then imported one or more times (a merged decoder twice, once
 * per value of use_cache_branch), all imports sharing constants.
 *
 * Operators follow the ONNX specification, opset 1 to 28 (onnx.ai/onnx/operators),
 * and are decomposed into the core operators of ir/ops.def.
 */
#ifndef SMELT_ONNX_H
#define SMELT_ONNX_H

#include "ir/ir.h"

/* A dim_param of the model that has a known value: every occurrence becomes `value`. */
typedef struct {
  const char *name; /* "batch_size" */
  int64_t value;
} onnx_bound_symbol;

/*
 * An input of the model that is known at build time and becomes a constant. One
 * number fills the input's declared shape; more are its elements, in the
 * declared dtype; with `tensor` its dtype and elements count instead (copied).
 */
typedef struct {
  const char *name; /* of an element of a sequence: "pieces.0" */
  const double *values;
  size_t value_count;
  const ir_tensor *tensor; /* may be NULL */
} onnx_constant_input;

typedef enum { ONNX_TENSOR, ONNX_SEQUENCE, ONNX_ABSENT } onnx_kind;

/*
 * What an input or output of the model is, where its type alone does not say:
 * a sequence has a length, an optional is there or not. A sequence `pieces` of
 * 2 tensors is two inputs of the graph, "pieces.0" and "pieces.1"; what is
 * absent is none.
 */
typedef struct {
  const char *name;
  onnx_kind kind;
  size_t length;      /* tensors: 1 in a tensor, 0 in what is absent */
  ir_tensor *tensors; /* NULL, or [length]: an input's shapes where the file gives none */
} onnx_form;

typedef struct {
  const char *graph_name; /* of the graph made; NULL: "run" */
  const onnx_bound_symbol *symbols;
  size_t symbol_count;
  const onnx_constant_input *constants;
  size_t constant_count;
  const onnx_form *forms; /* of inputs; an optional without one is there */
  size_t form_count;
  /* Inputs whose named sizes behind the batch are symbols of their own, whatever the file calls them: merged
   * decoders declare masks as long as the tokens, or one longer than the past. NULL: none. */
  bool (*has_own_sizes)(const char *input);
  /* Called with each tensor that is an input, before anything is made of it; may set its sizes. NULL: not. */
  void (*see_input)(void *user, const char *name, ir_type *type);
  void *user;
} onnx_options;

/* One .onnx file: its mapping, the unpacked message and the external data files it refers to. */
typedef struct onnx_model onnx_model;

/*
 * Maps and checks the file at `path`. The model, all it refers to and the
 * failures live in m's arena; only the mappings need onnx_close. Fails on files
 * that are not ONNX, are truncated, nest too deep, or import no supported opset.
 */
status onnx_open(ir_module *m, const char *path, onnx_model **model);
/* The same for a file's bytes in memory, which must stay as long as it would be mapped. */
status onnx_open_bytes(ir_module *m, const char *path, const uint8_t *bytes, size_t count,
                       onnx_model **model);

/*
 * Appends the main graph to the model's module as options->graph_name, with the
 * inputs (less initializers and options->constants) and outputs in the file's
 * order and under their names. Constants point into the mapped files: m may
 * not be used after onnx_close. options may be NULL.
 */
status onnx_import_graph(onnx_model *model, const onnx_options *options, ir_graph **graph);

/* Whether the main graph has an input `name` that is no initializer ("use_cache_branch"). */
bool onnx_has_input(const onnx_model *model, const char *name);

/* The main graph's inputs that are no initializers, in the file's order; NULL past the end. */
const char *onnx_input_at(const onnx_model *model, size_t index);

/* What the file holds, branches and bodies of its nodes included; model functions count where they are
 * defined.
 */
typedef struct {
  const char *producer; /* "pytorch 2.0.1", "" where the file does not say; lives in the module's arena */
  int64_t opset;        /* of the standard domain; 0: none */
  uint64_t node_count, initializer_count;
  uint64_t element_count, bytes; /* of all initializers, external data included */
} onnx_summary;

void onnx_summarise(onnx_model *model, onnx_summary *summary);

/* What output `index` of the main graph became in the last import; NULL past the end. */
const onnx_form *onnx_output_form(const onnx_model *model, size_t index);

/* The name of element `index` of a sequence that is an input or output of the model: "pieces.0". */
const char *onnx_element_name(arena *a, const char *name, size_t index);

/* ---- the ONNX backend tests' data: a file per input and output ---- */

/*
 * Reads a file that holds a TensorProto, SequenceProto or OptionalProto, whichever the type of input `index`
 * (counted as onnx_input_at does) or output `index` says. The data live in the module's arena. Fails on
 * element types that smelt does not have.
 */
status onnx_read_input(onnx_model *model, size_t index, const char *path, onnx_form *form);
status onnx_read_output(onnx_model *model, size_t index, const char *path, onnx_form *form);

/*
 * Imports the main graph for these inputs. A program has its sizes at build time where a test's model takes
 * them as inputs, so as few inputs as possible become constants. The tensors of the others, in the order of
 * the graph's inputs, go to *tensors.
 */
status onnx_import_for_data(onnx_model *model, const onnx_form *inputs, size_t input_count, ir_graph **graph,
                            ir_tensor **tensors, size_t *tensor_count);

/* The files with external data that were read so far, below the model's folder; NULL: there are no more. */
const char *onnx_external_location(const onnx_model *model, size_t index);

/* Unmaps the files. NULL is allowed. */
void onnx_close(onnx_model *model);

/* onnx_open and onnx_import_graph; the files stay mapped until the process ends. `a` is m's arena. */
status onnx_import(arena *a, const char *path, const onnx_options *options, ir_module *m, ir_graph **graph);

/* docs/operators.md: every operator of the tables with its opsets, as Markdown. */
void onnx_print_operators(text *t);

#endif
