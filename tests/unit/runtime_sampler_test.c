/* Sampling: the right distribution, the right candidates, the same choice for the same seed. */
#include "decode/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <math.h>

enum { VOCAB = 6, DRAWS = 60000 };

static void start(rt_sampler *sampler, const smelt_generate_options *options, int32_t vocab_size) {
  static smelt_manifest_generation generation;
  static const rt_manifest manifest = {.generation = &generation};
  generation.vocab_size = vocab_size;
  assert_true(rt_sampler_init(sampler, &manifest, options, NULL));
}

static const rt_history nothing = {0};

/* Shares of DRAWS draws from logits ln(weights). */
static void draw_many(smelt_generate_options options, const double *weights, double *shares) {
  rt_sampler sampler;
  float logits[VOCAB];
  int counts[VOCAB] = {0};
  for (int i = 0; i < VOCAB; i++) logits[i] = (float)log(weights[i]);
  start(&sampler, &options, VOCAB);
  for (int i = 0; i < DRAWS; i++) counts[rt_sampler_pick(&sampler, &nothing, logits)]++;
  for (int i = 0; i < VOCAB; i++) shares[i] = (double)counts[i] / DRAWS;
  rt_sampler_free(&sampler);
}

/* 5 standard deviations of a share of 0.5 are 0.0102. */
static void expect_shares(smelt_generate_options options, const double *weights, const double *expected) {
  double shares[VOCAB];
  draw_many(options, weights, shares);
  for (int i = 0; i < VOCAB; i++) {
    if (expected[i] == 0) assert_true(shares[i] == 0);
    assert_true(fabs(shares[i] - expected[i]) < 0.0105);
  }
}

static const double weights[VOCAB] = {0.05, 0.40, 0.10, 0.25, 0.20, 1e-9};

static void draws_by_probability(void **state) {
  (void)state;
  expect_shares((smelt_generate_options){.temperature = 1, .seed = 1}, weights,
                (double[]){0.05, 0.40, 0.10, 0.25, 0.20, 0});
}

static void temperature_sharpens(void **state) {
  (void)state; /* at 0.5 the weights are squared */
  double sum = 0.0025 + 0.16 + 0.01 + 0.0625 + 0.04;
  expect_shares((smelt_generate_options){.temperature = 0.5f, .seed = 2}, weights,
                (double[]){0.0025 / sum, 0.16 / sum, 0.01 / sum, 0.0625 / sum, 0.04 / sum, 0});
}

static void top_k_keeps_the_best(void **state) {
  (void)state;
  expect_shares((smelt_generate_options){.temperature = 1, .top_k = 3, .seed = 3}, weights,
                (double[]){0, 0.40 / 0.85, 0, 0.25 / 0.85, 0.20 / 0.85, 0});
  expect_shares((smelt_generate_options){.temperature = 1, .top_k = 1, .seed = 3}, weights,
                (double[]){0, 1, 0, 0, 0, 0});
}

static void top_p_keeps_the_smallest_set_that_reaches_it(void **state) {
  (void)state;
  expect_shares((smelt_generate_options){.temperature = 1, .top_p = 0.6f, .seed = 4}, weights,
                (double[]){0, 0.40 / 0.65, 0, 0.25 / 0.65, 0, 0});
  expect_shares((smelt_generate_options){.temperature = 1, .top_p = 0.01f, .seed = 4}, weights,
                (double[]){0, 1, 0, 0, 0, 0});
}

static void top_p_is_a_share_of_what_top_k_left(void **state) {
  (void)state; /* of the best three, 0.40 / 0.85 = 0.47 and 0.65 / 0.85 = 0.76 */
  expect_shares((smelt_generate_options){.temperature = 1, .top_k = 3, .top_p = 0.7f, .seed = 5}, weights,
                (double[]){0, 0.40 / 0.65, 0, 0.25 / 0.65, 0, 0});
}

static void min_p_is_relative_to_the_best(void **state) {
  (void)state;
  expect_shares((smelt_generate_options){.temperature = 1, .min_p = 0.4f, .seed = 6}, weights,
                (double[]){0, 0.40 / 0.85, 0, 0.25 / 0.85, 0.20 / 0.85, 0});
  expect_shares((smelt_generate_options){.temperature = 1, .min_p = 0.55f, .top_p = 0.95f, .seed = 6},
                weights, (double[]){0, 0.40 / 0.65, 0, 0.25 / 0.65, 0, 0});
}

static int32_t pick_once(smelt_generate_options options, const float *logits, int32_t count, int32_t seen) {
  rt_sampler sampler;
  start(&sampler, &options, count);
  rt_history history = {.tokens = &seen, .count = seen >= 0};
  int32_t token = rt_sampler_pick(&sampler, &history, logits);
  rt_sampler_free(&sampler);
  return token;
}

static void greedy_takes_the_first_of_the_highest(void **state) {
  (void)state;
  smelt_generate_options greedy = {0};
  assert_int_equal(pick_once(greedy, (float[]){1, 3, 3, 2}, 4, -1), 1);
  assert_int_equal(pick_once(greedy, (float[]){NAN, -5, -4, NAN}, 4, -1), 2);
  assert_int_equal(pick_once(greedy, (float[]){NAN, NAN}, 2, -1), 0);
  assert_int_equal(pick_once(greedy, (float[]){-INFINITY, -INFINITY}, 2, -1), 0);
  smelt_generate_options warm = {.temperature = 1};
  assert_int_equal(pick_once(warm, (float[]){0, INFINITY, 0}, 3, -1), 1);
  assert_int_equal(pick_once(warm, (float[]){-INFINITY, -INFINITY}, 2, -1), 0);
  assert_int_equal(pick_once(warm, (float[]){-INFINITY, -1, NAN}, 3, -1), 1);
}

static void repetition_is_penalised_on_both_sides_of_zero(void **state) {
  (void)state;
  smelt_generate_options options = {.repetition_penalty = 2};
  assert_int_equal(pick_once(options, (float[]){3, 2}, 2, -1), 0);
  assert_int_equal(pick_once(options, (float[]){3, 2}, 2, 0), 1);
  assert_int_equal(pick_once(options, (float[]){-2, -3}, 2, 0), 1);
  assert_int_equal(pick_once(options, (float[]){-2, -5}, 2, 0), 0);
  options.repetition_penalty = 0.5f; /* a reward */
  assert_int_equal(pick_once(options, (float[]){3, 2}, 2, 1), 1);
}

static void the_same_seed_gives_the_same_tokens(void **state) {
  (void)state;
  smelt_generate_options options = {.temperature = 1, .top_p = 0.9f, .seed = 42};
  rt_sampler a, b;
  float logits[VOCAB];
  for (int i = 0; i < VOCAB; i++) logits[i] = (float)log(weights[i]);
  start(&a, &options, VOCAB);
  start(&b, &options, VOCAB);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(rt_sampler_pick(&a, &nothing, logits), rt_sampler_pick(&b, &nothing, logits));
  rt_sampler_free(&a);
  rt_sampler_free(&b);
}

static void random_numbers_are_xoshiro256(void **state) {
  (void)state; /* the reference C code's first output from state {1, 2, 3, 4} is 11520 */
  rt_random random = {{1, 2, 3, 4}};
  assert_true(rt_random_unit(&random) == (double)(11520 >> 11) * 0x1p-53);
  rt_random seeded = rt_random_seeded(0); /* splitmix64's first output from 0 */
  assert_true(seeded.words[0] == 0xe220a8397b1dcdafu);
}

static void exponential_is_accurate(void **state) {
  (void)state;
  double worst = 0;
  for (double x = 0; x > -690; x -= 0.00731) {
    double error = fabs(rt_exponential(x) / exp(x) - 1);
    if (error > worst) worst = error;
  }
  assert_true(worst < 5e-16);
  assert_true(rt_exponential(0) == 1);
  assert_true(rt_exponential(-INFINITY) == 0);
  assert_true(rt_exponential(NAN) == 0);
}

static void logarithm_is_accurate(void **state) {
  (void)state;
  double worst = 0;
  for (double x = 1e-300; x < 1e300; x *= 1.0173) {
    double error = fabs(rt_logarithm(x) / log(x) - 1);
    if (error > worst) worst = error;
  }
  assert_true(worst < 5e-16);
  assert_true(rt_logarithm(1) == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(draws_by_probability),
      cmocka_unit_test(temperature_sharpens),
      cmocka_unit_test(top_k_keeps_the_best),
      cmocka_unit_test(top_p_keeps_the_smallest_set_that_reaches_it),
      cmocka_unit_test(top_p_is_a_share_of_what_top_k_left),
      cmocka_unit_test(min_p_is_relative_to_the_best),
      cmocka_unit_test(greedy_takes_the_first_of_the_highest),
      cmocka_unit_test(repetition_is_penalised_on_both_sides_of_zero),
      cmocka_unit_test(the_same_seed_gives_the_same_tokens),
      cmocka_unit_test(random_numbers_are_xoshiro256),
      cmocka_unit_test(exponential_is_accurate),
      cmocka_unit_test(logarithm_is_accurate),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
