/* wasm.h: what the files about WebAssembly share. */
#ifndef SMELT_LINK_WASM_H
#define SMELT_LINK_WASM_H

#include "link/stage.h"

/* Of the custom section "linking"; [WebAssembly tool-conventions, Linking.md] */
enum { WASM_LINKING_VERSION = 2, WASM_SEGMENT_INFO = 5, WASM_SYMBOL_TABLE = 8 };
enum { WASM_DATA_SYMBOL = 1, WASM_SECTION = 3 };
enum { WASM_LOCAL = 2, WASM_HIDDEN = 4, WASM_UNDEFINED = 0x10, WASM_NAMED = 0x40 };
/* Of a module's sections; [WebAssembly core specification 5.5.2] */
enum { WASM_CUSTOM = 0, WASM_IMPORT = 2, WASM_DATA = 11 };
enum { WASM_HEADER_BYTES = 8 };
extern const uint8_t wasm_header[WASM_HEADER_BYTES];

status wasm_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file);
bool wasm_index_member(archive *ar, const uint8_t *bytes, uint64_t count);

#endif
