/* json_value.c: a text of JSON as a value: what variables of a template are set to from outside. */
#include "chat/machine.h"

#include <string.h>

enum { MOST_DEPTH = 64, MOST_ITEMS = 1 << 16 };

typedef struct {
  machine *m;
  const char *at;
  bool is_wrong; /* not JSON */
} reader;

static value read_value(reader *r, int depth);

static value wrong(reader *r) {
  r->is_wrong = true;
  return value_of(KIND_UNDEFINED);
}

static bool stops(const reader *r) {
  return r->is_wrong || rt_machine_has_failed(r->m);
}

static void skip_blanks(reader *r) {
  while (*r->at && strchr(" \t\r\n", *r->at)) r->at++;
}

/* Whether the next character is this one, which is then read. */
static bool take(reader *r, char wanted) {
  skip_blanks(r);
  bool is = *r->at == wanted;
  r->at += is;
  return is;
}

/* ---- texts ------------------------------------------------------------------------------------- */

/* Four hexadecimal digits. */
static uint32_t read_unit(reader *r) {
  static const char digits[] = "0123456789abcdef0123456789ABCDEF";
  uint32_t unit = 0;
  for (int i = 0; i < 4; i++) {
    const char *digit = *r->at ? strchr(digits, *r->at) : NULL;
    if (!digit) {
      wrong(r);
      return 0;
    }
    unit = unit << 4 | (uint32_t)((digit - digits) & 15);
    r->at++;
  }
  return unit;
}

static void add_code(text_maker *t, uint32_t code) {
  static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
  int count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  char bytes[4];
  for (int i = count; i-- > 0; code >>= 6)
    bytes[i] = (char)(i > 0 ? 0x80 | (code & 0x3f) : marks[count] | code);
  if (count == 1) bytes[0] &= 0x7f;
  rt_chat_text_add(t, bytes, (size_t)count);
}

static void add_escape(reader *r, text_maker *t) {
  static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *letter = *r->at ? strchr(letters, *r->at) : NULL;
  if (letter) {
    rt_chat_text_add(t, meant + (letter - letters), 1);
    r->at++;
    return;
  }
  if (*r->at++ != 'u') {
    r->at--;
    wrong(r);
    return;
  }
  uint32_t code = read_unit(r);
  if (code >> 10 == 0x36 && r->at[0] == '\\' && r->at[1] == 'u') { /* the first half of a pair */
    r->at += 2;
    uint32_t second = read_unit(r);
    if (second >> 10 != 0x37) wrong(r);
    code = 0x10000 + ((code & 0x3ff) << 10 | (second & 0x3ff));
  }
  if (code >> 11 == 0x1b) wrong(r); /* half a pair alone */
  add_code(t, code);
}

static value read_text(reader *r) {
  text_maker t = {.machine = r->m};
  while (*r->at && *r->at != '"' && !stops(r)) {
    size_t plain = strcspn(r->at, "\"\\");
    if (plain > 0) rt_chat_text_add(&t, r->at, plain);
    r->at += plain;
    if (*r->at != '\\') continue;
    r->at++;
    add_escape(r, &t);
  }
  return take(r, '"') ? rt_chat_text_made(&t) : wrong(r);
}

/* ---- numbers ------------------------------------------------------------------------------------- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static double read_power(reader *r) {
  bool is_negative = *r->at == '-';
  int power = 0;
  r->at += *r->at == '-' || *r->at == '+';
  if (!is_digit(*r->at)) wrong(r);
  for (; is_digit(*r->at); r->at++)
    if (power < 400) power = 10 * power + (*r->at - '0');
  double scale = 1;
  for (int i = 0; i < power; i++) scale *= 10;
  return is_negative ? 1 / scale : scale;
}

static value read_number(reader *r) {
  bool is_negative = *r->at == '-', is_whole = true;
  int64_t integer = 0;
  double number = 0, scale = 1;
  r->at += is_negative;
  if (!is_digit(*r->at)) return wrong(r);
  for (; is_digit(*r->at); r->at++) {
    number = 10 * number + (*r->at - '0');
    is_whole &= !__builtin_mul_overflow(integer, 10, &integer) &&
                !__builtin_add_overflow(integer, (int64_t)(*r->at - '0'), &integer);
  }
  if (*r->at == '.') {
    is_whole = false;
    if (!is_digit(*++r->at)) return wrong(r);
    for (; is_digit(*r->at); r->at++, scale *= 10) number = 10 * number + (*r->at - '0');
  }
  number /= scale;
  if (*r->at == 'e' || *r->at == 'E') {
    is_whole = false;
    r->at++;
    number *= read_power(r);
  }
  return is_whole ? value_integer(is_negative ? -integer : integer)
                  : value_float(is_negative ? -number : number);
}

/* ---- lists and maps ---------------------------------------------------------------------------------- */

static value read_list(reader *r, int depth) {
  value *items = NULL;
  uint32_t count = 0, capacity = 0;
  if (take(r, ']')) return value_list(NULL, 0);
  do {
    if (count == capacity) {
      uint32_t grown = 2 * capacity + 8;
      value *more = count < MOST_ITEMS ? rt_machine_memory(r->m, grown, sizeof *more) : NULL;
      if (!more) return wrong(r);
      if (count > 0) memcpy(more, items, count * sizeof *more);
      items = more;
      capacity = grown;
    }
    items[count++] = read_value(r, depth + 1);
  } while (!stops(r) && take(r, ','));
  return take(r, ']') ? value_list(items, count) : wrong(r);
}

static value read_map(reader *r, int depth) {
  value map = rt_value_new_map(r->m, 4);
  if (take(r, '}') || map.kind != KIND_MAP) return map;
  do {
    if (!take(r, '"')) return wrong(r);
    value key = read_text(r);
    if (stops(r) || !take(r, ':')) return wrong(r);
    rt_value_set(r->m, map.map, key, read_value(r, depth + 1));
  } while (!stops(r) && take(r, ','));
  return take(r, '}') ? map : wrong(r);
}

static value read_value(reader *r, int depth) {
  static const struct {
    const char *word;
    value value;
  } words[] = {{"true", {.kind = KIND_BOOLEAN, .integer = 1}},
               {"false", {.kind = KIND_BOOLEAN}},
               {"null", {.kind = KIND_NONE}}};
  skip_blanks(r);
  if (depth > MOST_DEPTH || stops(r)) return wrong(r);
  if (take(r, '"')) return read_text(r);
  if (take(r, '[')) return read_list(r, depth);
  if (take(r, '{')) return read_map(r, depth);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    size_t count = strlen(words[i].word);
    if (strncmp(r->at, words[i].word, count) != 0) continue;
    r->at += count;
    return words[i].value;
  }
  return read_number(r);
}

value rt_value_from_json(machine *m, const char *text) {
  reader r = {.m = m, .at = text};
  value made = read_value(&r, 0);
  skip_blanks(&r);
  return r.is_wrong || *r.at ? rt_value_text(text) : made;
}
