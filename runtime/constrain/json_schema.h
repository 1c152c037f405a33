/*
 * json_schema.h: inside the reader of JSON schemas. What a value has to be may
 * be said in several schemas at once (allOf, $ref beside other keywords): they
 * are layers, and each kind of value asks all of them.
 */
#ifndef RT_CONSTRAIN_JSON_SCHEMA_H
#define RT_CONSTRAIN_JSON_SCHEMA_H

#include "constrain/grammar.h"
#include "constrain/json.h"

/* A schema, with those of its keywords left out that were followed already. */
typedef struct {
  const con_json *schema;
  bool no_ref, no_all, no_any, no_one;
} con_layer;

typedef CON_LIST(con_layer) con_layers;

/* The rule of a value that was met before. */
typedef struct {
  con_layers layers;
  uint32_t rule;
} con_known;

/* Rules that schemas share, made when they are wanted. */
typedef enum { CON_SHARED_SPACE, CON_SHARED_STRING, CON_SHARED_VALUE, CON_SHARED_RULES } con_shared;

typedef struct {
  con_grammar *grammar;
  con_source *source;
  con_memory *memory;
  const con_json *root;
  CON_LIST(con_known) known;
  uint32_t shared[CON_SHARED_RULES]; /* rule + 1, or 0 */
  int nesting;
} con_schema;

/* ---- values (json_schema.c) -------------------------------------------------------------- */

uint32_t con_schema_value(con_schema *c, const con_layers *layers);
void con_schema_add(con_schema *c, con_layers *layers, const con_json *schema);
uint32_t con_schema_shared(con_schema *c, con_shared which);
/* The value of a keyword in a layer, which has to be of that kind; NULL: it is not there. */
const con_json *con_schema_keyword(const con_schema *c, const con_layer *layer, const char *name,
                                   con_json_kind kind);
/* The largest (`is_least`) or smallest of the keyword's numbers, none negative; or `otherwise`. */
uint32_t con_schema_count(const con_schema *c, const con_layers *layers, const char *name, bool is_least,
                          uint32_t otherwise);

/* `node` in a rule of its own, so that using it twice does not double it. */
uint32_t con_schema_apart(con_schema *c, uint32_t node, const char *name);

/* ---- kinds of values ----------------------------------------------------------------------- */

uint32_t con_schema_object(con_schema *c, const con_layers *layers);                  /* json_object.c */
uint32_t con_schema_array(con_schema *c, const con_layers *layers);                   /* json_array.c */
uint32_t con_schema_string(con_schema *c, const con_layers *layers);                  /* json_string.c */
uint32_t con_schema_number(con_schema *c, const con_layers *layers, bool is_integer); /* json_number.c */

/* A string as JSON writes it, in quotes. */
uint32_t con_json_quoted(con_grammar *g, con_string text);
/* One character of a set as strings of JSON write it. */
uint32_t con_json_spell(con_grammar *g, const con_set *set);
/* The characters that stand for themselves. */
con_set con_json_plain(con_memory *m);

#endif
