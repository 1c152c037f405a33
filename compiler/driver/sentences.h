/* sentences.h: what the files of sentence-transformers say of a model that makes vectors. Private to driver/.
 */
#ifndef SMELT_DRIVER_SENTENCES_H
#define SMELT_DRIVER_SENTENCES_H

#include "driver/compile.h"

/*
 * Into c->reader: how the tokens' vectors become one, and whether that is made 1 long. Fails where the folder
 * has more modules, or another way of pooling, than programs know.
 */
status sentences_take_modules(compilation *c);

/* Into c->reader and c->prompts: what is put before texts, by name. */
status sentences_take_prompts(compilation *c);

#endif
