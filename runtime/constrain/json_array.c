/* json_array.c: arrays of JSON. */
#include "constrain/json_schema.h"

/* The schemas of the elements: of the first ones by place, of those behind them. */
typedef struct {
  con_layers *first; /* [first_count] */
  uint32_t first_count;
  con_layers rest;
  bool is_closed; /* nothing comes behind the first ones */
} elements;

/* Draft 2020-12 has prefixItems and items; those before had an array of items, and additionalItems. */
static const con_json *first_items(const con_json *schema) {
  const con_json *items = con_json_named(schema, "prefixItems");
  if (items) return items;
  items = con_json_named(schema, "items");
  return items && items->kind == CON_JSON_ARRAY ? items : NULL;
}

static const con_json *other_items(const con_json *schema) {
  const con_json *items = con_json_named(schema, "items");
  return items && items->kind == CON_JSON_ARRAY ? con_json_named(schema, "additionalItems") : items;
}

static uint32_t most_first(const con_layers *layers) {
  uint32_t most = 0;
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *items = first_items(layers->items[i].schema);
    if (items && items->count > most) most = items->count;
  }
  return most;
}

static void add_layer(con_schema *c, const con_json *schema, elements *e) {
  const con_json *first = first_items(schema), *rest = other_items(schema);
  const con_json *item = first ? first->first : NULL;
  if (first && first->kind != CON_JSON_ARRAY)
    con_fail_at(c->source, first->at, "expected an array of schemas");
  for (uint32_t i = 0; i < e->first_count; i++) {
    if (item) con_schema_add(c, &e->first[i], item);
    if (!item && rest) con_schema_add(c, &e->first[i], rest);
    if (item) item = item->next;
  }
  if (rest) con_schema_add(c, &e->rest, rest);
  if (first && !rest) e->is_closed = true;
}

/* Elements apart by commas, from `count` of them on. */
static uint32_t separated(con_schema *c, uint32_t item, uint32_t least, uint32_t most) {
  con_grammar *g = c->grammar;
  uint32_t comma = con_sequence(g, con_word(g, ","), con_schema_shared(c, CON_SHARED_SPACE));
  return con_repeat(g, con_sequence(g, comma, item), least, most);
}

uint32_t con_schema_array(con_schema *c, const con_layers *layers) {
  con_grammar *g = c->grammar;
  uint32_t least = con_schema_count(c, layers, "minItems", true, 0);
  uint32_t most = con_schema_count(c, layers, "maxItems", false, CON_MANY);
  uint32_t space = con_schema_shared(c, CON_SHARED_SPACE);
  elements e = {.first_count = most_first(layers)};
  if (least > most) return con_nothing(g);
  if (e.first_count > most) e.first_count = most;
  e.first = con_take(c->memory, e.first_count * sizeof *e.first);
  for (uint32_t i = 0; i < layers->count; i++) add_layer(c, layers->items[i].schema, &e);
  if (e.is_closed && least <= e.first_count) most = e.first_count;

  CON_LIST(uint32_t) nodes = {0};
  *con_add(c->memory, &nodes) = con_word(g, "[");
  *con_add(c->memory, &nodes) = space;
  for (uint32_t i = 0; i < e.first_count; i++) {
    uint32_t item = con_schema_value(c, &e.first[i]);
    *con_add(c->memory, &nodes) = i ? separated(c, item, 1, 1) : item;
  }
  uint32_t least_rest = least > e.first_count ? least - e.first_count : 0;
  uint32_t most_rest = most == CON_MANY ? CON_MANY : most - e.first_count;
  if (most_rest > 0) {
    uint32_t item = con_schema_apart(c, con_schema_value(c, &e.rest), "of an item");
    uint32_t rest = separated(c, item, least_rest, most_rest);
    if (e.first_count == 0) {
      uint32_t others = separated(c, item, least ? least - 1 : 0, most == CON_MANY ? CON_MANY : most - 1);
      rest = con_repeat(g, con_sequence(g, item, others), least ? 1 : 0, 1);
    }
    *con_add(c->memory, &nodes) = rest;
  }
  *con_add(c->memory, &nodes) = space;
  *con_add(c->memory, &nodes) = con_word(g, "]");
  return con_all(g, nodes.items, nodes.count);
}
