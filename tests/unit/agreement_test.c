/* agreement_test.c: the figures of `smelt build --report` on rows whose figures are known. */
#include "driver/agreement.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void near(double found, double wanted) {
  if (!(fabs(found - wanted) <= 1e-6 * fabs(wanted) + 1e-12)) fail_msg("%.9g is not %.9g", found, wanted);
}

static void equal_rows_have_no_error(void **state) {
  (void)state;
  agreement s = {0};
  const float row[] = {1, -INFINITY, 3, 2};
  agreement_add(&s, row, row, 4, -1);
  agreement_add(&s, row, row, 4, 2);
  assert_int_equal(s.row_count, 2);
  assert_int_equal(s.scored_count, 1);
  near(s.max_error, 0);
  near(agreement_relative_error(&s), 0);
  near(agreement_divergence(&s), 0);
  near(agreement_equal_share(&s), 1);
  near(s.wanted_loss, log(exp(-2) + 1 + exp(-1)));
  near(s.found_loss, s.wanted_loss);
}

static void errors_are_those_of_elements(void **state) {
  (void)state;
  agreement s = {0};
  agreement_add(&s, (const float[]){101, 103}, (const float[]){101, 102.5f}, 2, -1);
  near(s.max_error, 0.5);
  near(agreement_mean_error(&s), 0.25);
  near(agreement_relative_error(&s), sqrt(0.25 / 2)); /* about the mean of 102 */
  near(agreement_equal_share(&s), 1);
  agreement_add(&s, (const float[]){0, 1}, (const float[]){2, 1}, 2, -1);
  near(s.max_error, 2);
  near(agreement_equal_share(&s), 0.5);
}

static void divergence_and_loss_are_of_softmax(void **state) {
  (void)state;
  agreement s = {0};
  float quarter = (float)log(3); /* softmax of {log 3, 0}: 3/4 and 1/4 */
  agreement_add(&s, (const float[]){quarter, 0}, (const float[]){5, 5}, 2, 1);
  double wanted = 0.75 * log(0.75 / 0.5) + 0.25 * log(0.25 / 0.5);
  if (fabs(agreement_divergence(&s) - wanted) > 1e-6) fail_msg("%g", agreement_divergence(&s));
  if (fabs(s.wanted_loss - log(4)) > 1e-6 || fabs(s.found_loss - log(2)) > 1e-6) fail_msg("loss");
}

static void numbers_lost_are_infinite_errors(void **state) {
  (void)state;
  agreement s = {0};
  agreement_add(&s, (const float[]){1, 2}, (const float[]){NAN, 2}, 2, -1);
  assert_true(isinf(s.max_error));
  assert_false(isnan(agreement_relative_error(&s)));
}

static void nothing_is_no_disagreement(void **state) {
  (void)state;
  agreement s = {0};
  agreement_add(&s, NULL, NULL, 0, -1);
  near(agreement_equal_share(&s), 1);
  near(agreement_mean_error(&s), 0);
  near(agreement_relative_error(&s), 0);
  near(agreement_divergence(&s), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_rows_have_no_error),
      cmocka_unit_test(errors_are_those_of_elements),
      cmocka_unit_test(divergence_and_loss_are_of_softmax),
      cmocka_unit_test(numbers_lost_are_infinite_errors),
      cmocka_unit_test(nothing_is_no_disagreement),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
