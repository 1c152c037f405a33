/*
 * constrain.h: texts that have to follow a grammar, a JSON schema or a regular
 * expression, token by token (docs/constrain.md). Belongs to one thread.
 */
#ifndef RT_CONSTRAIN_H
#define RT_CONSTRAIN_H

#include "smelt/model.h"
#include "text/text.h"

typedef struct rt_acceptor rt_acceptor;

enum { RT_ACCEPTOR_ERROR_BYTES = 256 };

/*
 * An acceptor of text that `tokenizer` spells, which must stay while it is used; vocab_size: tokens of the
 * model. The caller's, for rt_acceptor_free. NULL: `error` says why, after "LINE:COLUMN: " where the text is
 * wrong.
 */
rt_acceptor *rt_acceptor_create(smelt_constraint_kind kind, const char *text, size_t bytes,
                                const rt_tokenizer *tokenizer, uint32_t vocab_size,
                                char error[RT_ACCEPTOR_ERROR_BYTES]);
void rt_acceptor_free(rt_acceptor *a); /* NULL is allowed */

/*
 * Back to where no token has come. `before` has decoded the text that the first goes on from, which it may
 * show without its leading space; NULL: there is none.
 */
void rt_acceptor_reset(rt_acceptor *a, const rt_decoder *before);

/*
 * A bit per token of the model, token t being bit t % 64 of word t / 64: whether it may come next. Special
 * tokens and tokens without text never may. Valid until the next call. All clear where memory ends.
 */
const uint64_t *rt_acceptor_allowed(rt_acceptor *a);

/* Whether the text so far is whole. */
bool rt_acceptor_may_end(rt_acceptor *a);

/* What rt_acceptor_allowed has of one token, found by reading it alone. */
bool rt_acceptor_allows(rt_acceptor *a, uint32_t token);

/* Goes on by a token that may come; by another, to where nothing may. */
void rt_acceptor_accept(rt_acceptor *a, uint32_t token);

/* Whether the text itself, all of it, is allowed: tokens do not matter. For tests. */
bool rt_acceptor_matches(rt_acceptor *a, const char *text, size_t bytes);

#endif
