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

/* Rows of the smallest table that is read at the elements of the graph's input; 0 if there is none
 * (token_tables.c). */
int64_t reader_id_count(const ir_graph *g, const char *input);
/* Tokens that the smallest table of places has rows for, where a graph counts its input's tokens itself, as
 * RoBERTa does; 0 if there is none. */
int64_t reader_place_count(const ir_graph *g, const char *input);

/* ---- what graphs over text and over images share ---- */

/* Notes where each input but the one called `other` goes (NULL: all do); false where one is no matter of
 * tokens, or its shape is none of [1, n]. */
bool reader_take_inputs(ir_module *m, const plan_entry *entry, const char *other, smelt_manifest_reader *r);
/* An output that answers. */
typedef struct {
  const char *name; /* NULL: any */
  int rank;
  smelt_head head;
} reader_answer;

/* The first of the known answers that is an output, as r->output and r->head; NULL: none is.
 * SMELT_HEAD_ANSWERS only where r->last_output is known. */
const plan_io *reader_find_answer(const plan_entry *entry, const reader_answer *known, size_t count,
                                  smelt_manifest_reader *r);
/* Labels of the output's last axis, by config.json (which may be NULL), and how their logits are scored. */
void reader_take_labels(compilation *c, const struct json_t *config, const plan_io *io);
/* The folder's limits of a text's length. */
status reader_take_limits(compilation *c);
/* Fails where the graph lacks a row for one of the tokenizer's ids. */
status reader_check_ids(compilation *c, const plan_entry *entry);

#endif
