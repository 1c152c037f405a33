/* code_set.c: sorted ranges of code points; properties from utf8proc's Unicode data. */
#include "tokenizer/code_set.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Only planes 0 and 1 have cases; planes 4 to 13 are empty. tokenizer_regex_test asks utf8proc whether it is
 * so. */
enum { CASED_END = 0x20000, EMPTY_BEGIN = 0x40000, EMPTY_END = 0xe0000 };

void code_set_add(arena *a, code_set *set, uint32_t first, uint32_t last) {
  ARENA_PUSH(a, set->ranges, set->count, set->capacity) = (code_range){first, last};
}

void code_set_add_all(arena *a, code_set *set, const code_set *other) {
  for (size_t i = 0; i < other->count; i++)
    code_set_add(a, set, other->ranges[i].first, other->ranges[i].last);
}

static int compare_ranges(const void *x, const void *y) {
  const code_range *p = x, *q = y;
  return p->first < q->first ? -1 : p->first > q->first;
}

void code_set_settle(code_set *set) {
  if (!set->count) return;
  qsort(set->ranges, set->count, sizeof *set->ranges, compare_ranges);
  size_t kept = 0;
  for (size_t i = 1; i < set->count; i++) {
    code_range *last = &set->ranges[kept], next = set->ranges[i];
    if (next.first > last->last + 1)
      set->ranges[++kept] = next;
    else if (next.last > last->last)
      last->last = next.last;
  }
  set->count = kept + 1;
}

code_set code_set_complement(arena *a, const code_set *set) {
  code_set result = {0};
  uint32_t first = 0;
  for (size_t i = 0; i < set->count; i++) {
    if (set->ranges[i].first > first) code_set_add(a, &result, first, set->ranges[i].first - 1);
    first = set->ranges[i].last + 1;
  }
  if (first < CODE_POINT_COUNT) code_set_add(a, &result, first, CODE_POINT_COUNT - 1);
  return result;
}

bool code_set_has(const code_set *set, uint32_t code) {
  size_t low = 0, high = set->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (set->ranges[middle].last < code)
      low = middle + 1;
    else
      high = middle;
  }
  return low < set->count && set->ranges[low].first <= code;
}

bool code_sets_meet(const code_set *x, const code_set *y) {
  for (size_t i = 0, k = 0; i < x->count && k < y->count;) {
    if (x->ranges[i].last < y->ranges[k].first)
      i++;
    else if (y->ranges[k].last < x->ranges[i].first)
      k++;
    else
      return true;
  }
  return false;
}

code_set code_set_ignore_case(arena *a, const code_set *set) {
  code_set mapped = {0};
  code_set_add_all(a, &mapped, set);
  for (uint32_t code = 0; code < CASED_END; code++) {
    uint32_t lower = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
    uint32_t upper = (uint32_t)utf8proc_toupper((utf8proc_int32_t)code);
    if ((lower == code && upper == code) || !code_set_has(set, code)) continue;
    code_set_add(a, &mapped, lower, lower);
    code_set_add(a, &mapped, upper, upper);
  }
  code_set_settle(&mapped);
  code_set result = {0};
  code_set_add_all(a, &result, &mapped);
  for (uint32_t code = 0; code < CASED_END; code++) {
    uint32_t lower = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
    uint32_t upper = (uint32_t)utf8proc_toupper((utf8proc_int32_t)code);
    if (lower == code && upper == code) continue;
    if (code_set_has(&mapped, lower) || code_set_has(&mapped, upper)) code_set_add(a, &result, code, code);
  }
  code_set_settle(&result);
  return result;
}

code_set code_set_white_space(arena *a) {
  static const code_range ranges[] = {{0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
                                      {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                                      {0x205f, 0x205f}, {0x3000, 0x3000}};
  code_set set = {0};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    code_set_add(a, &set, ranges[i].first, ranges[i].last);
  return set;
}

/* ---- general categories ----------------------------------------------------------- */

#define BIT(category) (1u << UTF8PROC_CATEGORY_##category)

/* Unicode 15, table 4-4, with the long names of PropertyValueAliases.txt. */
static const struct {
  const char *name, *long_name;
  uint32_t categories;
} properties[] = {
    {"L", "Letter", BIT(LU) | BIT(LL) | BIT(LT) | BIT(LM) | BIT(LO)},
    {"Lu", "Uppercase_Letter", BIT(LU)},
    {"Ll", "Lowercase_Letter", BIT(LL)},
    {"Lt", "Titlecase_Letter", BIT(LT)},
    {"Lm", "Modifier_Letter", BIT(LM)},
    {"Lo", "Other_Letter", BIT(LO)},
    {"M", "Mark", BIT(MN) | BIT(MC) | BIT(ME)},
    {"Mn", "Nonspacing_Mark", BIT(MN)},
    {"Mc", "Spacing_Mark", BIT(MC)},
    {"Me", "Enclosing_Mark", BIT(ME)},
    {"N", "Number", BIT(ND) | BIT(NL) | BIT(NO)},
    {"Nd", "Decimal_Number", BIT(ND)},
    {"Nl", "Letter_Number", BIT(NL)},
    {"No", "Other_Number", BIT(NO)},
    {"P", "Punctuation", BIT(PC) | BIT(PD) | BIT(PS) | BIT(PE) | BIT(PI) | BIT(PF) | BIT(PO)},
    {"Pc", "Connector_Punctuation", BIT(PC)},
    {"Pd", "Dash_Punctuation", BIT(PD)},
    {"Ps", "Open_Punctuation", BIT(PS)},
    {"Pe", "Close_Punctuation", BIT(PE)},
    {"Pi", "Initial_Punctuation", BIT(PI)},
    {"Pf", "Final_Punctuation", BIT(PF)},
    {"Po", "Other_Punctuation", BIT(PO)},
    {"S", "Symbol", BIT(SM) | BIT(SC) | BIT(SK) | BIT(SO)},
    {"Sm", "Math_Symbol", BIT(SM)},
    {"Sc", "Currency_Symbol", BIT(SC)},
    {"Sk", "Modifier_Symbol", BIT(SK)},
    {"So", "Other_Symbol", BIT(SO)},
    {"Z", "Separator", BIT(ZS) | BIT(ZL) | BIT(ZP)},
    {"Zs", "Space_Separator", BIT(ZS)},
    {"Zl", "Line_Separator", BIT(ZL)},
    {"Zp", "Paragraph_Separator", BIT(ZP)},
    {"C", "Other", BIT(CC) | BIT(CF) | BIT(CS) | BIT(CO) | BIT(CN)},
    {"Cc", "Control", BIT(CC)},
    {"Cf", "Format", BIT(CF)},
    {"Cs", "Surrogate", BIT(CS)},
    {"Co", "Private_Use", BIT(CO)},
    {"Cn", "Unassigned", BIT(CN)},
};

static code_set of_categories(arena *a, uint32_t categories) {
  code_set set = {0};
  for (uint32_t code = 0, next; code < CODE_POINT_COUNT; code = next) {
    next = code == EMPTY_BEGIN ? EMPTY_END : code + 1;
    if (!(categories >> utf8proc_category((utf8proc_int32_t)code) & 1)) continue;
    if (set.count && set.ranges[set.count - 1].last + 1 == code)
      set.ranges[set.count - 1].last = next - 1;
    else
      code_set_add(a, &set, code, next - 1);
  }
  return set;
}

code_set code_set_word(arena *a) {
  return of_categories(a, BIT(LU) | BIT(LL) | BIT(LT) | BIT(LM) | BIT(LO) | BIT(NL) | BIT(MN) | BIT(MC) |
                              BIT(ME) | BIT(ND) | BIT(PC));
}

bool code_set_property(arena *a, const char *name, code_set *set) {
  for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
    if (strcmp(name, properties[i].name) != 0 && strcmp(name, properties[i].long_name) != 0) continue;
    *set = of_categories(a, properties[i].categories);
    return true;
  }
  if (strcmp(name, "White_Space") != 0 && strcmp(name, "Space") != 0) return false;
  *set = code_set_white_space(a);
  return true;
}
