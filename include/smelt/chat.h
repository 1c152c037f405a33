/*
 * chat.h: a chat template as the program carries it: code for a small stack
 * machine (runtime/chat) that compiler/chat makes of the template. Private to smelt.
 *
 * All of it is one blob, little-endian, aligned to 8 bytes: the header, then
 * its sections. Texts are UTF-8 and may hold NUL; they are told by their number
 * in `texts`. Numbers of code are counted in words.
 */
#ifndef SMELT_CHAT_H
#define SMELT_CHAT_H

#include <stdint.h>

#define CHAT_MAGIC "smeltct\2"

/* One instruction is a word: the operation in the low byte, its operand, signed, above. */
enum { CHAT_OPERAND_SHIFT = 8, CHAT_MOST_OPERAND = (1 << 23) - 1, CHAT_MOST_NAMES = 4096 };

/* X(NAME, values taken, what it does); operands in capitals. -1: as many as the operand says. */
#define CHAT_OPS(X)                                                                                          \
  X(END, 0)           /* the template, or a macro's body, is done */                                         \
  X(TEXT, 0)          /* writes TEXT */                                                                      \
  X(PRINT, 1)         /* writes the value */                                                                 \
  X(CONSTANT, 0)      /* pushes a chat_constant */                                                           \
  X(INTEGER, 0)       /* pushes NUMBER */                                                                    \
  X(FLOAT, 0)         /* pushes the double whose bytes are TEXT */                                           \
  X(STRING, 0)        /* pushes TEXT */                                                                      \
  X(LOAD, 0)          /* pushes the variable NAME, a text */                                                 \
  X(STORE, 1)         /* NAME becomes the value, in the innermost scope */                                   \
  X(INPUT, 0)         /* pushes a chat_input */                                                              \
  X(LOOP, 0)          /* pushes the innermost loop */                                                        \
  X(ATTRIBUTE, 1)     /* object.TEXT */                                                                      \
  X(SET_ATTRIBUTE, 2) /* namespace, value: namespace.TEXT = value */                                         \
  X(INDEX, 2)         /* object[key] */                                                                      \
  X(SLICE, 4)         /* object[from:to:step], undefined where left out */                                   \
  X(LIST, -1)         /* COUNT values */                                                                     \
  X(MAP, -1)          /* COUNT values: keys and values in turn */                                            \
  X(UNPACK, 1)        /* a list of COUNT values: pushes them, the first on top */                            \
  X(NOT, 1)                                                                                                  \
  X(NEGATE, 1)                                                                                               \
  X(BINARY, 2)        /* a chat_operator */                                                                  \
  X(CONCAT, 2)        /* as texts */                                                                         \
  X(JUMP, 0)          /* by WORDS, from the next instruction */                                              \
  X(JUMP_IF_FALSE, 1) /* by WORDS */                                                                         \
  X(AND, 1)           /* false: stays, and jumps by WORDS; else is taken */                                  \
  X(OR, 1)            /* true: the same */                                                                   \
  X(CALL, -1)         /* a chat_function, with as many values as it has parameters */                        \
  X(MACRO, -1)        /* calls macro NUMBER with as many values as it has parameters: pushes its text */     \
  X(IS_GIVEN, 0)      /* whether the parameter NAME was given */                                             \
  X(FOR, 1)           /* starts a loop; over nothing: jumps by WORDS instead */                              \
  X(NEXT, 0)          /* a new scope and the next item; after the last: jumps by WORDS */                    \
  X(COMPLETE, 0)      /* the body was done to its end: what its "else" asks for, as in Jinja2 */             \
  X(END_FOR, 0)       /* leaves the loop and its scope; no body was complete: jumps by WORDS */              \
  X(FILTER, 1)        /* starts a loop that makes a list */                                                  \
  X(KEEP, 1)          /* true: the loop's item is part of the list */                                        \
  X(END_FILTER, 0)    /* leaves the loop, pushes the list */                                                 \
  X(CAPTURE, 0)       /* what is written from here on ... */                                                 \
  X(END_CAPTURE, 0)   /* ... to here is not written, but pushed as a text */

typedef enum {
#define X(NAME, takes) CHAT_OP_##NAME,
  CHAT_OPS(X)
#undef X
      CHAT_OP_COUNT
} chat_op;

typedef enum {
  CHAT_UNDEFINED,
  CHAT_MISSING,
  CHAT_NONE,
  CHAT_FALSE,
  CHAT_TRUE,
  CHAT_CONSTANT_COUNT
} chat_constant;

typedef enum { CHAT_INPUT_MESSAGES, CHAT_INPUT_ADDS_PROMPT, CHAT_INPUT_COUNT } chat_input;

#define CHAT_OPERATORS(X)                                                                                    \
  X(ADD, "+")                                                                                                \
  X(SUBTRACT, "-")                                                                                           \
  X(MULTIPLY, "*")                                                                                           \
  X(DIVIDE, "/")                                                                                             \
  X(FLOOR_DIVIDE, "//")                                                                                      \
  X(MODULO, "%")                                                                                             \
  X(POWER, "**")                                                                                             \
  X(EQUAL, "==")                                                                                             \
  X(UNEQUAL, "!=")                                                                                           \
  X(LESS, "<")                                                                                               \
  X(LESS_EQUAL, "<=")                                                                                        \
  X(GREATER, ">")                                                                                            \
  X(GREATER_EQUAL, ">=")                                                                                     \
  X(IN, "in")                                                                                                \
  X(NOT_IN, "not in")

typedef enum {
#define X(NAME, text) CHAT_##NAME,
  CHAT_OPERATORS(X)
#undef X
      CHAT_OPERATOR_COUNT
} chat_operator;

/*
 * X(NAME, name, parameters): what templates call. Parameters are apart by spaces; the first of filters, tests
 * and methods is what they are applied to; '?' before one that may be left out (CHAT_MISSING). '@' stands for
 * the name of a filter, '!' of a test: its number as an integer.
 */
#define CHAT_FILTERS(X)                                                                                      \
  X(TRIM, "trim", "s ?chars")                                                                                \
  X(UPPER, "upper", "s")                                                                                     \
  X(LOWER, "lower", "s")                                                                                     \
  X(TITLE, "title", "s")                                                                                     \
  X(CAPITALIZE, "capitalize", "s")                                                                           \
  X(LENGTH, "length", "object")                                                                              \
  X(COUNT, "count", "object")                                                                                \
  X(TOJSON, "tojson", "value ?indent")                                                                       \
  X(JOIN, "join", "value ?d ?attribute")                                                                     \
  X(DEFAULT, "default", "value ?default_value ?boolean")                                                     \
  X(D, "d", "value ?default_value ?boolean")                                                                 \
  X(FIRST, "first", "seq")                                                                                   \
  X(LAST, "last", "seq")                                                                                     \
  X(REPLACE, "replace", "s old new ?count")                                                                  \
  X(ITEMS, "items", "value")                                                                                 \
  X(SELECT, "select", "seq ?! ?argument")                                                                    \
  X(REJECT, "reject", "seq ?! ?argument")                                                                    \
  X(SELECTATTR, "selectattr", "seq attribute ?! ?argument")                                                  \
  X(REJECTATTR, "rejectattr", "seq attribute ?! ?argument")                                                  \
  X(MAP, "map", "seq ?@ ?attribute ?default")                                                                \
  X(LIST, "list", "value")                                                                                   \
  X(STRING, "string", "value")                                                                               \
  X(INT, "int", "value ?default")                                                                            \
  X(FLOAT, "float", "value ?default")                                                                        \
  X(ABS, "abs", "x")                                                                                         \
  X(REVERSE, "reverse", "value")                                                                             \
  X(UNIQUE, "unique", "value")                                                                               \
  X(INDENT, "indent", "s ?width ?first ?blank")                                                              \
  X(SAFE, "safe", "value")

#define CHAT_TESTS(X)                                                                                        \
  X(IS_DEFINED, "defined", "value")                                                                          \
  X(IS_UNDEFINED, "undefined", "value")                                                                      \
  X(IS_NONE, "none", "value")                                                                                \
  X(IS_STRING, "string", "value")                                                                            \
  X(IS_MAPPING, "mapping", "value")                                                                          \
  X(IS_ITERABLE, "iterable", "value")                                                                        \
  X(IS_SEQUENCE, "sequence", "value")                                                                        \
  X(IS_NUMBER, "number", "value")                                                                            \
  X(IS_INTEGER, "integer", "value")                                                                          \
  X(IS_FLOAT, "float", "value")                                                                              \
  X(IS_BOOLEAN, "boolean", "value")                                                                          \
  X(IS_TRUE, "true", "value")                                                                                \
  X(IS_FALSE, "false", "value")                                                                              \
  X(IS_EVEN, "even", "value")                                                                                \
  X(IS_ODD, "odd", "value")                                                                                  \
  X(IS_DIVISIBLE, "divisibleby", "value num")                                                                \
  X(IS_IN, "in", "value seq")                                                                                \
  X(IS_EQUAL, "equalto", "a b")                                                                              \
  X(IS_EQ, "eq", "a b")                                                                                      \
  X(IS_SAME, "==", "a b")                                                                                    \
  X(IS_NE, "ne", "a b")                                                                                      \
  X(IS_UNLIKE, "!=", "a b")

#define CHAT_METHODS(X)                                                                                      \
  X(M_STRIP, "strip", "s ?chars")                                                                            \
  X(M_LSTRIP, "lstrip", "s ?chars")                                                                          \
  X(M_RSTRIP, "rstrip", "s ?chars")                                                                          \
  X(M_STARTSWITH, "startswith", "s prefix")                                                                  \
  X(M_ENDSWITH, "endswith", "s suffix")                                                                      \
  X(M_SPLIT, "split", "s ?sep ?maxsplit")                                                                    \
  X(M_TITLE, "title", "s")                                                                                   \
  X(M_UPPER, "upper", "s")                                                                                   \
  X(M_LOWER, "lower", "s")                                                                                   \
  X(M_CAPITALIZE, "capitalize", "s")                                                                         \
  X(M_REPLACE, "replace", "s old new ?count")                                                                \
  X(M_JOIN, "join", "s iterable")                                                                            \
  X(M_FIND, "find", "s sub")                                                                                 \
  X(M_GET, "get", "map key ?default")                                                                        \
  X(M_ITEMS, "items", "map")                                                                                 \
  X(M_KEYS, "keys", "map")                                                                                   \
  X(M_VALUES, "values", "map")

#define CHAT_GLOBALS(X)                                                                                      \
  X(G_RANGE, "range", "first ?last ?step")                                                                   \
  X(G_NAMESPACE, "namespace", "map")                                                                         \
  X(G_DICT, "dict", "map")                                                                                   \
  X(G_RAISE, "raise_exception", "message")                                                                   \
  X(G_STRFTIME, "strftime_now", "format")

#define CHAT_FUNCTIONS(X) CHAT_FILTERS(X) CHAT_TESTS(X) CHAT_METHODS(X) CHAT_GLOBALS(X)

typedef enum {
#define X(NAME, name, parameters) CHAT_FN_##NAME,
  CHAT_FUNCTIONS(X)
#undef X
      CHAT_FUNCTION_COUNT
} chat_function;

enum { CHAT_MOST_PARAMETERS = 16 };

typedef struct {
  uint32_t start;                            /* of its code, a word */
  uint32_t parameter_count;                  /* at most CHAT_MOST_PARAMETERS */
  uint32_t parameters[CHAT_MOST_PARAMETERS]; /* texts: their names */
} chat_macro;

typedef struct {
  char magic[8];
  uint32_t bytes; /* of the blob */
  uint32_t code_offset, code_words;
  uint32_t starts_offset,
      text_count; /* uint32_t [text_count + 1]: text i is texts[starts[i] .. starts[i + 1]) */
  uint32_t texts_offset, text_bytes;
  uint32_t macros_offset, macro_count; /* chat_macro[] */
  uint32_t start; /* of the template, a word; the code before it, up to an END, sets what it finds set */
} chat_header;

#endif
