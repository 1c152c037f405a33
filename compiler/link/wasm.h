/* wasm.h: what the files about WebAssembly share. */
#ifndef SMELT_LINK_WASM_H
#define SMELT_LINK_WASM_H

#include "link/stage.h"

/* Of a module's sections; [WebAssembly core specification 5.5.2] */
enum { WASM_CUSTOM = 0, WASM_IMPORT = 2, WASM_DATA = 11 };
enum { WASM_HEADER_BYTES = 8 };
extern const uint8_t wasm_header[WASM_HEADER_BYTES];

status wasm_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file);

#endif
