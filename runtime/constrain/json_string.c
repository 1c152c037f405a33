/* json_string.c: strings of JSON: length, pattern and format. */
#include "constrain/json_schema.h"

#include "text/utf8.h"

/* ---- characters ------------------------------------------------------------------------------ */

con_set con_json_plain(con_memory *m) {
  con_set plain = {0};
  con_set_add(m, &plain, ' ', '"' - 1);
  con_set_add(m, &plain, '"' + 1, '\\' - 1);
  con_set_add(m, &plain, '\\' + 1, CON_LAST_CODE);
  return plain;
}

/* The escape of a character that is not plain. */
static uint32_t escape_of(con_grammar *g, uint32_t code) {
  static const char meant[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
  const char *found = code ? strchr(meant, (int)code) : NULL;
  if (found) return con_text(g, (char[]){'\\', letters[found - meant]}, 2);
  return con_text(g, (char[]){'\\', 'u', '0', '0', hex[code >> 4], hex[code & 15]}, 6);
}

uint32_t con_json_spell(con_grammar *g, const con_set *set) {
  con_set plain = con_json_plain(g->memory), common = con_set_common(g->memory, set, &plain);
  uint32_t node = con_one_of(g, &common);
  for (uint32_t i = 0; i < set->count; i++) {
    con_range range = set->items[i];
    for (uint32_t code = range.first; code <= range.last && code <= '\\'; code++)
      if (code < ' ' || code == '"' || code == '\\') node = con_choice(g, escape_of(g, code), node);
  }
  return node;
}

uint32_t con_json_quoted(con_grammar *g, con_string text) {
  CON_LIST(uint32_t) nodes = {0};
  *con_add(g->memory, &nodes) = con_word(g, "\"");
  for (size_t at = 0; at < text.count;) {
    uint32_t code;
    con_set set = {0};
    at += utf8_next((const uint8_t *)text.bytes + at, text.count - at, &code);
    con_set_add(g->memory, &set, code, code);
    *con_add(g->memory, &nodes) = con_json_spell(g, &set);
  }
  *con_add(g->memory, &nodes) = con_word(g, "\"");
  return con_all(g, nodes.items, nodes.count);
}

/* Any character, in any way to write it but as half of a surrogate pair. */
static uint32_t any_character(con_grammar *g) {
  static const char any[] = "\\\\([\"\\\\/bfnrt]|u([0-9a-ce-fA-CE-F][0-9a-fA-F]|[dD][0-7])[0-9a-fA-F]{2})";
  con_source source = {.memory = g->memory, .text = (const uint8_t *)any, .bytes = sizeof any - 1};
  con_set plain = con_json_plain(g->memory);
  return con_choice(g, con_one_of(g, &plain), con_regex_node(g, &source, NULL, false));
}

/* ---- formats ------------------------------------------------------------------------------------ */

#define MONTH_DAY                                                                                            \
  "((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))"
#define DATE  "(000[1-9]|00[1-9]\\d|0[1-9]\\d\\d|[1-9]\\d{3})-" MONTH_DAY
#define TIME  "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)"
#define ATOM  "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,32}"
#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
#define BYTE  "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"

static const struct {
  const char *name, *regex;
} formats[] = {
    {"date", DATE},
    {"time", TIME},
    {"date-time", DATE "T" TIME},
    {"uuid", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"},
    {"email", ATOM "(\\." ATOM "){0,3}@" LABEL "(\\." LABEL "){1,4}"},
    {"hostname", LABEL "(\\." LABEL "){0,5}"},
    {"ipv4", BYTE "(\\." BYTE "){3}"},
};

/* The node of a format, or false where the schema's word for it is not in the table: it then says nothing. */
static bool format_node(con_schema *c, const con_json *format, uint32_t *node) {
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    if (!con_string_is(format->text, formats[i].name)) continue;
    con_source source = {
        .memory = c->memory, .text = (const uint8_t *)formats[i].regex, .bytes = strlen(formats[i].regex)};
    *node = con_regex_node(c->grammar, &source, con_json_spell, false);
    return true;
  }
  return false;
}

/* ---- all of it ------------------------------------------------------------------------------------ */

/* A mistake in a pattern is told where the pattern stands. */
static uint32_t pattern_node(con_schema *c, const con_json *pattern) {
  con_source source = *c->source;
  source.text = (const uint8_t *)pattern->text.bytes;
  source.bytes = pattern->text.count;
  source.at = 0;
  source.whole = c->source;
  source.begins_at = pattern->at;
  return con_regex_node(c->grammar, &source, con_json_spell, true);
}

uint32_t con_schema_string(con_schema *c, const con_layers *layers) {
  con_grammar *g = c->grammar;
  uint32_t least = con_schema_count(c, layers, "minLength", true, 0);
  uint32_t most = con_schema_count(c, layers, "maxLength", false, CON_MANY);
  bool is_free = least == 0 && most == CON_MANY;
  uint32_t node = 0;
  bool has_node = false;
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *pattern = con_schema_keyword(c, &layers->items[i], "pattern", CON_JSON_STRING);
    const con_json *format = con_schema_keyword(c, &layers->items[i], "format", CON_JSON_STRING);
    uint32_t one;
    if (pattern) {
      one = pattern_node(c, pattern);
      node = has_node ? con_both(g, node, one) : one;
      has_node = true;
    }
    if (format && format_node(c, format, &one)) {
      node = has_node ? con_both(g, node, one) : one;
      has_node = true;
    }
  }
  if (!has_node && is_free) return con_schema_shared(c, CON_SHARED_STRING);
  if (least > most) return con_nothing(g);
  uint32_t sized = con_repeat(g, any_character(g), least, most);
  node = !has_node ? sized : is_free ? node : con_both(g, node, sized);
  return con_sequence(g, con_word(g, "\""), con_sequence(g, node, con_word(g, "\"")));
}
