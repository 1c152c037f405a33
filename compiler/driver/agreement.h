/*
 * agreement.h: how far rows of logits (or of any floats) lie from those of a reference. Private to driver/.
 */
#ifndef SMELT_DRIVER_AGREEMENT_H
#define SMELT_DRIVER_AGREEMENT_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise; rows are added one by one. Errors are differences of single elements. */
typedef struct {
  int64_t row_count, element_count;
  double max_error;
  double error_sum, error_square_sum; /* of |error|, of error squared */
  double spread_square_sum;           /* of the reference's elements less their row's mean, squared */
  int64_t equal_count;                /* rows whose largest element is at the same place */
  double divergence_sum;              /* KL(reference || found) of the rows' softmax, nats */
  int64_t scored_count;               /* rows whose next token is known */
  double wanted_loss, found_loss;     /* sums of -log p(next token), nats */
} agreement;

/* `next`: the token that follows in the text, or -1. Elements equal in both, infinities too, have no error.
 */
void agreement_add(agreement *s, const float *wanted, const float *found, int64_t count, int64_t next);

double agreement_mean_error(const agreement *s);
/* Root mean square of the error over that of the reference about its rows' means: softmax sees no more. */
double agreement_relative_error(const agreement *s);
double agreement_equal_share(const agreement *s); /* 0 to 1; 1 of no rows */
double agreement_divergence(const agreement *s);  /* mean over the rows, nats */

#endif
