/* tokenizer_regex_test.c: regular expressions as DFAs: what matches, how far, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <utf8proc.h>

#include "tokenizer/code_set.h"
#include "tokenizer/regex.h"

#include <cmocka.h> /* last: it has a macro fail() */

#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define CL100K                                                                                               \
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"   \
  "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define TIKTOKEN                                                                                             \
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|"        \
  "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"

enum { NO_MATCH = -1 };

typedef struct {
  const char *pattern, *text; /* ASCII text */
  int end;                    /* of the match at the start of the text */
} match_case;

static const match_case match_cases[] = {
    {"a|ab", "ab", 1}, /* the first alternative wins, not the longest */
    {"ab|a", "ab", 2},
    {"a*", "aaab", 3},
    {"a*?", "aaab", 0},
    {"a+?b", "aaab", 4},
    {"a{2,3}", "aaaa", 3},
    {"a{2,3}?", "aaaa", 2},
    {"a{2}", "a", NO_MATCH},
    {"a{,2}b", "aab", 3},
    {"a{x", "a{x", 3}, /* a brace that opens no interval */
    {"(?:ab)+c?", "ababc", 5},
    {"(a|b)*c", "abbac", 5},
    {"[a-c]+", "abcd", 3},
    {"[^a-c]+", "xyzab", 3},
    {"[]a]", "]", 1},
    {"[a-]+", "a-a", 3},
    {"[\\]\\-x]+", "]-x", 3},
    {".+", "ab\ncd", 2},
    {"\\x41\\u0042\\x{43}", "ABC", 3},
    {"(?i:ab)c", "aBc", 3},
    {"(?i:ab)c", "aBC", NO_MATCH},
    {"\\s+(?!\\S)", "   x", 2}, /* gives one space back */
    {"\\s+(?!\\S)", "   ", 3},
    {"\\s+(?!\\S)", " x", NO_MATCH},
    {"\\s+(?=x)", "   x", 3},
    {"\\s+$", "   ", 3},
    {"\\s+$", "  x", NO_MATCH},
    {"\\d+\\z", "12", 2},
    {GPT2, "'re", 3},
    {GPT2, "'x", 1},
    {GPT2, " hello there", 6},
    {GPT2, "   hello", 2},
    {GPT2, " hello", 6},
    {GPT2, "\n\nhello", 1},
    {GPT2, "12ab", 2},
    {CL100K, "'RE", 3},
    {CL100K, "12345", 3},
    {CL100K, "\nhello", 1},
    {CL100K, "\thello", 6},
    {CL100K, "  \n  x", 3},
    {CL100K, ");\n\nx", 4},
    {TIKTOKEN, ");\n\nx", 4},
    {TIKTOKEN, "'ll", 3},
    {"", "a", 0},
};

/* The end of the match at the start of `text`, as runtime/text/split.c finds it. */
static int match(arena *a, const char *pattern, const char *text) {
  const regex_node *tree;
  regex_program program;
  regex_classes classes;
  regex_dfa dfa;
  assert_null(regex_parse(a, pattern, strlen(pattern), &tree));
  assert_null(regex_compile(a, tree, &program));
  assert_null(regex_classify(a, &program, 1, &classes));
  assert_null(regex_determinize(a, &program, &classes, &dfa));
  int found = NO_MATCH;
  uint32_t state = 1;
  for (int at = 0; state; at++) {
    uint32_t class = text[at] ? classes.of_code[(uint8_t)text[at]] : classes.count;
    uint32_t transition = dfa.transitions[state * (classes.count + 1) + class];
    if (transition & 1) found = at;
    if (!text[at]) break;
    state = transition >> 1;
  }
  return found;
}

static void matches_as_perl_does(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof match_cases / sizeof *match_cases; i++) {
    const match_case *row = &match_cases[i];
    arena a = {0};
    int end = match(&a, row->pattern, row->text);
    if (end != row->end)
      fail_msg("%s on '%s': ends at %d, expected %d", row->pattern, row->text, end, row->end);
    arena_free(&a);
  }
}

static void refuses_what_one_automaton_cannot_do(void **unused) {
  (void)unused;
  static const char *const patterns[] = {
      "(a",
      "a)",
      "[a",
      "[b-a]",
      "*a",
      "a**",
      "\\p{Nonsense}",
      "\\p{L",
      "(?<=a)b",
      "(?>a)",
      "(?=ab)",
      "\\1",
      "\\bx",
      "^a",
      "[a&&b]",
      "[[:alpha:]]",
      "a{3,2}",
      "a{9999}",
      "\\",
      "\\x{}",
      "\\q",
      "a++ab",
      "(?:a++)*a",
      "(?#x)",
      "a++(?!b)",
      "(?:a{1000}){1000}",
  };
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    arena a = {0};
    const regex_node *tree;
    regex_program program;
    status s = regex_parse(&a, patterns[i], strlen(patterns[i]), &tree);
    if (!s) s = regex_compile(&a, tree, &program);
    if (!s) fail_msg("%s is accepted", patterns[i]);
    assert_int_equal(s->code, STATUS_INPUT);
    arena_free(&a);
  }
}

static void sets_follow_unicode(void **unused) {
  (void)unused;
  arena a = {0};
  code_set letters, set = {0};
  assert_true(code_set_property(&a, "L", &letters));
  assert_true(code_set_has(&letters, 0xe9));
  assert_true(code_set_has(&letters, 0x4e00));
  assert_false(code_set_has(&letters, '1'));
  assert_false(code_set_has(&letters, 0x301));
  code_set complement = code_set_complement(&a, &letters);
  assert_false(code_sets_meet(&letters, &complement));
  code_set spaces = code_set_white_space(&a);
  assert_true(code_set_has(&spaces, 0x85)); /* White_Space, unlike JavaScript's \s */
  assert_false(code_set_has(&spaces, 0xfeff));
  code_set_add(&a, &set, 's', 's');
  code_set folded = code_set_ignore_case(&a, &set);
  assert_true(code_set_has(&folded, 'S'));
  assert_true(code_set_has(&folded, 0x17f)); /* long s */
  assert_false(code_set_has(&folded, 't'));
  arena_free(&a);
}

/* Whole planes that are taken to be alike are. */
static void sets_are_those_of_every_code_point(void **state) {
  (void)state;
  arena a = {0};
  code_set letters, unassigned, cased = {0};
  assert_true(code_set_property(&a, "L", &letters));
  assert_true(code_set_property(&a, "Cn", &unassigned));
  for (uint32_t code = 0; code < CODE_POINT_COUNT; code++) {
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    bool is_letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    if (code_set_has(&letters, code) != is_letter) fail_msg("U+%04X as a letter", (unsigned)code);
    if (code_set_has(&unassigned, code) != (category == UTF8PROC_CATEGORY_CN))
      fail_msg("U+%04X as unassigned", (unsigned)code);
    bool has_case = utf8proc_tolower((utf8proc_int32_t)code) != utf8proc_toupper((utf8proc_int32_t)code);
    if (has_case) code_set_add(&a, &cased, code, code);
  }
  code_set_settle(&cased);
  assert_true(cased.ranges[cased.count - 1].last < 0x20000); /* as code_set.c has it */
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(matches_as_perl_does),
      cmocka_unit_test(refuses_what_one_automaton_cannot_do),
      cmocka_unit_test(sets_follow_unicode),
      cmocka_unit_test(sets_are_those_of_every_code_point),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
