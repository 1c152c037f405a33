/* agreement.c: sums over rows of logits. Sums are in double: rows are as long as vocabularies. */
#include "driver/agreement.h"

#include <math.h>

static int64_t largest(const float *row, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; i++)
    if (row[i] > row[best]) best = i;
  return best;
}

/* log(sum(exp(row))) */
static double log_total(const float *row, int64_t count) {
  double most = row[largest(row, count)], sum = 0;
  if (!isfinite(most)) return most;
  for (int64_t i = 0; i < count; i++) sum += exp(row[i] - most);
  return most + log(sum);
}

static void add_errors(agreement *s, const float *wanted, const float *found, int64_t count) {
  double mean = 0;
  int64_t finite_count = 0;
  for (int64_t i = 0; i < count; i++) {
    if (!isfinite(wanted[i])) continue;
    mean += wanted[i];
    finite_count++;
  }
  if (finite_count) mean /= (double)finite_count;
  for (int64_t i = 0; i < count; i++) {
    double x = wanted[i], y = found[i], error = x == y || (isnan(x) && isnan(y)) ? 0 : fabs(x - y);
    if (isnan(error)) error = INFINITY;
    if (error > s->max_error) s->max_error = error;
    s->error_sum += error;
    s->error_square_sum += error * error;
    if (isfinite(x)) s->spread_square_sum += (x - mean) * (x - mean);
  }
  s->element_count += count;
}

void agreement_add(agreement *s, const float *wanted, const float *found, int64_t count, int64_t next) {
  if (count < 1) return;
  add_errors(s, wanted, found, count);
  s->row_count++;
  s->equal_count += largest(wanted, count) == largest(found, count);
  double wanted_total = log_total(wanted, count), found_total = log_total(found, count);
  for (int64_t i = 0; i < count; i++) {
    double p = wanted[i] - wanted_total, q = found[i] - found_total; /* logarithms */
    if (p > -INFINITY && p != q) s->divergence_sum += exp(p) * (p - q);
  }
  if (next < 0 || next >= count) return;
  s->scored_count++;
  s->wanted_loss += wanted_total - wanted[next];
  s->found_loss += found_total - found[next];
}

double agreement_mean_error(const agreement *s) {
  return s->element_count ? s->error_sum / (double)s->element_count : 0;
}

double agreement_relative_error(const agreement *s) {
  if (s->error_square_sum == 0) return 0;
  return sqrt(s->error_square_sum / s->spread_square_sum);
}

double agreement_equal_share(const agreement *s) {
  return s->row_count ? (double)s->equal_count / (double)s->row_count : 1;
}

double agreement_divergence(const agreement *s) {
  return s->row_count ? s->divergence_sum / (double)s->row_count : 0;
}
