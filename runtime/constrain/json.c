/* json.c: reading JSON (RFC 8259). */
#include "constrain/json.h"

#include "constrain/grammar.h"
#include "text/utf8.h"

typedef struct {
  con_source *source;
  int nesting;
} reading;

static con_json *read_value(reading *r);

static void skip_space(con_source *s) {
  while (s->at < s->bytes && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at]) s->at++;
}

/* ---- strings ----------------------------------------------------------------------------- */

/* What \u stands for, from its digits on; two of them for what lies beyond U+FFFF. */
static uint32_t read_unicode(con_source *s) {
  size_t first = s->at - 2;
  uint32_t units[2] = {0};
  for (int unit = 0; unit < 2; unit++) {
    for (int i = 0; i < 4; i++, s->at++) {
      uint32_t c = con_peek(s, 0), letter = (c | 32) - 'a' + 10;
      uint32_t digit = c - '0' < 10 ? c - '0' : letter >= 10 && letter < 16 ? letter : 16;
      if (digit > 15) con_fail_at(s, s->at, "expected 4 hexadecimal digits, found %s", con_found(s));
      units[unit] = units[unit] << 4 | digit;
    }
    if (units[0] < 0xd800 || units[0] > 0xdfff) return units[0];
    if (unit == 0 && !(con_skip(s, '\\') && con_skip(s, 'u'))) break;
  }
  if (units[0] > 0xdbff || units[1] < 0xdc00 || units[1] > 0xdfff)
    con_fail_at(s, first, "half a surrogate pair is no character");
  return 0x10000 + ((units[0] - 0xd800) << 10 | (units[1] - 0xdc00));
}

static uint32_t read_character(con_source *s) {
  static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  if (con_peek(s, 0) < 0x20) con_fail_at(s, s->at, "%s in a string; write \\n or \\u", con_found(s));
  if (!con_skip(s, '\\')) return con_code_point(s);
  uint8_t c = con_peek(s, 0);
  const char *letter = c ? strchr(letters, c) : NULL;
  if (c != 'u' && !letter) con_fail_at(s, s->at - 1, "unknown escape: \\ before %s", con_found(s));
  s->at++;
  return letter ? (uint8_t)meant[letter - letters] : read_unicode(s);
}

static con_string read_string(con_source *s) {
  size_t first = s->at++;
  CON_LIST(char) text = {0};
  while (!con_skip(s, '"')) {
    if (s->at >= s->bytes) con_fail_at(s, first, "the string has no closing \"");
    uint8_t bytes[4];
    size_t count = utf8_put(bytes, read_character(s));
    for (size_t i = 0; i < count; i++) *con_add(s->memory, &text) = (char)bytes[i];
  }
  *con_add(s->memory, &text) = 0;
  return (con_string){text.items, text.count - 1};
}

/* ---- values -------------------------------------------------------------------------------- */

static bool skip_digits(con_source *s) {
  size_t first = s->at;
  while (con_peek(s, 0) - '0' < 10u) s->at++;
  return s->at > first;
}

static void read_number(con_source *s, con_json *value) {
  size_t first = s->at;
  con_skip(s, '-');
  bool is_good = con_skip(s, '0') || skip_digits(s);
  if (con_skip(s, '.')) is_good &= skip_digits(s);
  if (con_skip(s, 'e') || con_skip(s, 'E')) {
    if (!con_skip(s, '+')) con_skip(s, '-');
    is_good &= skip_digits(s);
  }
  if (!is_good) con_fail_at(s, s->at, "expected a digit, found %s", con_found(s));
  value->kind = CON_JSON_NUMBER;
  value->text = (con_string){(const char *)s->text + first, s->at - first};
}

static void read_word(con_source *s, con_json *value) {
  static const struct {
    const char *word;
    con_json_kind kind;
  } words[] = {{"null", CON_JSON_NULL}, {"true", CON_JSON_TRUE}, {"false", CON_JSON_FALSE}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    size_t bytes = strlen(words[i].word);
    if (s->bytes - s->at < bytes || memcmp(s->text + s->at, words[i].word, bytes) != 0) continue;
    s->at += bytes;
    value->kind = words[i].kind;
    return;
  }
  con_fail_at(s, s->at, "expected a JSON value, found %s", con_found(s));
}

static void read_key(con_source *s, con_string *key) {
  if (con_peek(s, 0) != '"') con_fail_at(s, s->at, "expected a name in quotes, found %s", con_found(s));
  *key = read_string(s);
  skip_space(s);
  if (!con_skip(s, ':')) con_fail_at(s, s->at, "expected : behind the name, found %s", con_found(s));
  skip_space(s);
}

/* From the bracket on. */
static void read_items(reading *r, con_json *value, uint8_t close) {
  con_source *s = r->source;
  con_json **last = &value->first;
  if (++r->nesting > CON_MOST_NESTING)
    con_fail_at(s, s->at, "more than %d values in values", CON_MOST_NESTING);
  s->at++;
  skip_space(s);
  if (!con_skip(s, close)) {
    do {
      con_string key = {0};
      skip_space(s);
      size_t key_at = s->at;
      if (value->kind == CON_JSON_OBJECT) read_key(s, &key);
      con_json *item = *last = read_value(r);
      item->key = key;
      item->key_at = key_at;
      last = &item->next;
      value->count++;
      skip_space(s);
    } while (con_skip(s, ','));
    if (!con_skip(s, close)) con_fail_at(s, s->at, "expected , or %c, found %s", close, con_found(s));
  }
  r->nesting--;
}

static con_json *read_value(reading *r) {
  con_source *s = r->source;
  con_json *value = con_take(s->memory, sizeof *value);
  value->at = s->at;
  uint8_t c = con_peek(s, 0);
  if (c == '"') {
    value->kind = CON_JSON_STRING;
    value->text = read_string(s);
  } else if (c == '{' || c == '[') {
    value->kind = c == '{' ? CON_JSON_OBJECT : CON_JSON_ARRAY;
    read_items(r, value, c + 2);
  } else if (c == '-' || c - '0' < 10u) {
    read_number(s, value);
  } else {
    read_word(s, value);
  }
  return value;
}

con_json *con_json_read(con_source *s) {
  reading r = {.source = s};
  skip_space(s);
  con_json *value = read_value(&r);
  skip_space(s);
  if (s->at < s->bytes) con_fail_at(s, s->at, "expected the end of the JSON text, found %s", con_found(s));
  return value;
}

/* ---- looking at values ------------------------------------------------------------------------- */

bool con_string_same(con_string x, con_string y) {
  return x.count == y.count && memcmp(x.bytes, y.bytes, x.count) == 0;
}

bool con_string_is(con_string x, const char *text) {
  return con_string_same(x, (con_string){text, strlen(text)});
}

const con_json *con_json_member(const con_json *object, con_string key) {
  const con_json *found = NULL;
  if (object->kind != CON_JSON_OBJECT) return NULL;
  for (const con_json *item = object->first; item; item = item->next)
    if (con_string_same(item->key, key)) found = item;
  return found;
}

const con_json *con_json_named(const con_json *object, const char *key) {
  return con_json_member(object, (con_string){key, strlen(key)});
}

bool con_json_same(const con_json *x, const con_json *y) {
  if (x->kind != y->kind || x->count != y->count) return false;
  if (x->kind == CON_JSON_NUMBER || x->kind == CON_JSON_STRING) return con_string_same(x->text, y->text);
  const con_json *other = y->first;
  for (const con_json *item = x->first; item; item = item->next, other = other->next) {
    const con_json *match = x->kind == CON_JSON_OBJECT ? con_json_member(y, item->key) : other;
    if (!match || !con_json_same(item, match)) return false;
  }
  return true;
}

/* Digits d.ddd x 10^n: those before the point, and whether others are behind it. */
int64_t con_json_floor(const con_json *number, bool *is_exact) {
  static const int64_t most = 1000000000000000000;
  const char *at = number->text.bytes, *end = at + number->text.count;
  bool is_negative = at < end && *at == '-', after_point = false, shrinks = false;
  int64_t whole = 0, exponent = 0, places = 0;
  *is_exact = true;
  for (at += is_negative; at < end && (*at | 32) != 'e'; at++)
    if (*at == '.')
      after_point = true;
    else
      places += !after_point;
  for (const char *e = at + 1; e < end; e++) {
    shrinks |= *e == '-';
    if (*e >= '0' && *e <= '9' && exponent < 10000) exponent = exponent * 10 + (*e - '0');
  }
  places += shrinks ? -exponent : exponent;
  for (const char *d = number->text.bytes + is_negative; d < at; d++) {
    if (*d == '.') continue;
    if (places-- > 0)
      whole = whole < most ? whole * 10 + (*d - '0') : most;
    else if (*d != '0')
      *is_exact = false;
  }
  for (; places > 0 && whole > 0 && whole < most; places--) whole *= 10;
  if (whole > most) whole = most;
  return is_negative ? -whole - !*is_exact : whole;
}
