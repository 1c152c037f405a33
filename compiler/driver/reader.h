/* reader.h: graphs over token ids that read text: encoders, classifiers. Private to driver/. */
#ifndef SMELT_DRIVER_READER_H
#define SMELT_DRIVER_READER_H

#include "driver/compile.h"

/*
 * Fills c->reader, labels and the tokenizer where the planned graph takes a text's tokens and the folder has
 * their tokenizer; c->reads_text says so. Where the folder's files do not suit, a warning says why and the
 * program takes arrays only.
 */
void reader_describe(compilation *c);

/* Rows of the smallest table that is read at the elements of the graph's input; 0 if there is none. */
int64_t reader_id_count(const ir_graph *g, const char *input);

#endif
