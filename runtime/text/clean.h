/* clean.h: decoded text without the spaces that people leave out: "it 's , well , fine" -> "it's, well,
 * fine". */
#ifndef SMELT_RUNTIME_CLEAN_H
#define SMELT_RUNTIME_CLEAN_H

#include "text/text.h"

/* Passes on `text` to `sink`, cleaned, less what it holds back; characters may come in parts if `text`'s do.
 */
void rt_clean(rt_held held[RT_CLEANING_STAGES], const char *text, size_t bytes, rt_text_sink *sink,
              void *user);
/* What was held back; nothing is then. */
void rt_clean_end(rt_held held[RT_CLEANING_STAGES], rt_text_sink *sink, void *user);

#endif
