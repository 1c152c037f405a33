/* draft.h: the smaller model that guesses tokens for another one. Private to driver/. */
#ifndef SMELT_DRIVER_DRAFT_H
#define SMELT_DRIVER_DRAFT_H

#include "driver/compile.h"

/*
 * As compile_begin of the model that c's options name as its draft, for the same target and for texts as long
 * as c's, or as long as it can read. It keeps no tokenizer of its own: fails where its tokens are not c's.
 * compile_end is due after success and failure.
 */
status draft_begin(compilation *c, compilation *draft);

#endif
