/* option_table.h: rows of the command line. Options of commands that few programs have stand with the
 * command. */
#ifndef RT_OPTION_TABLE_H
#define RT_OPTION_TABLE_H

#include "app/app.h"

typedef enum {
  APP_FLAG,
  APP_TEXT,
  APP_COUNT,
  APP_DECIMAL,
  APP_SIGNED,
  APP_SEED,
  APP_STOPPING,
  APP_GUESSING,
  APP_NAMED_INPUT,
  APP_NAMED_OUTPUT,
  APP_ITEM,
  APP_LABELS
} app_option_kind;

typedef struct {
  char letter; /* 0: none */
  const char *name, *argument, *help;
  int suits;       /* programs whose --help shows it; 0: what smelt itself calls */
  uint8_t kind;    /* app_option_kind */
  uint16_t field;  /* in app_options; of an APP_ITEM its app_list */
  int32_t maximum; /* of counts and decimals, which start from 0; of APP_SIGNED, which starts from -maximum */
} app_option;

#define APP_FIELD(name) offsetof(app_options, name)

/* ---- values (option_values.c): false where the text is none ---- */

/* Decimal digits only, the whole text. */
bool app_parse_integer(const char *text, uint64_t *value);
bool app_parse_stopping(const char *text, smelt_early_stopping *value);
/* Guessing is then on. */
bool app_parse_guessing(const char *text, smelt_generate_options *options);

/* Ended by a row without a name (transcribe.c, prompts.c, weights_options.c). */
extern const app_option app_hearing_options[], app_vector_options[], app_weights_options[];

#endif
