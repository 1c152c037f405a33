/* sha256_test.c: hashes that FIPS 180-4's examples state, of bytes given at once and in parts. */
#define _XOPEN_SOURCE 700
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

static void expect(const void *bytes, size_t count, const char *expected) {
  for (size_t part = 1; part < 200; part += 31) {
    sha256 hash;
    char text[SHA256_TEXT_BYTES];
    sha256_begin(&hash);
    for (size_t at = 0; at < count; at += part)
      sha256_add(&hash, (const char *)bytes + at, count - at < part ? count - at : part);
    sha256_end(&hash, text);
    assert_string_equal(text, expected);
  }
}

static void examples(void **state) {
  (void)state;
  expect("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  expect(two_blocks, strlen(two_blocks), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_million_letters(void **state) {
  (void)state;
  enum { COUNT = 1000000 };
  char *letters = malloc(COUNT), text[SHA256_TEXT_BYTES];
  sha256 hash;
  assert_non_null(letters);
  memset(letters, 'a', COUNT);
  sha256_begin(&hash);
  sha256_add(&hash, letters, COUNT);
  sha256_end(&hash, text);
  assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  free(letters);
}

/* Every length around a block's end, as sha256sum finds it, in memory and in a file. */
static void lengths(void **state) {
  (void)state;
  uint8_t bytes[200];
  char path[] = "/tmp/smelt_sha256_XXXXXX", command[64], text[SHA256_TEXT_BYTES];
  arena a = {0};
  int file = mkstemp(path);
  assert_true(file >= 0);
  snprintf(command, sizeof command, "sha256sum %s", path);
  for (int i = 0; i < 200; i++) bytes[i] = (uint8_t)(i * 7);
  for (size_t count = 40; count < 200; count += 13) {
    assert_int_equal(pwrite(file, bytes, count, 0), count);
    FILE *said = popen(command, "r");
    char expected[SHA256_TEXT_BYTES] = "";
    assert_non_null(said);
    assert_int_equal(fread(expected, 1, 64, said), 64);
    pclose(said);
    expect(bytes, count, expected);
    assert_null(sha256_file(&a, path, text));
    assert_string_equal(text, expected);
  }
  close(file);
  remove(path);
  assert_non_null(sha256_file(&a, path, text));
  assert_non_null(sha256_file(&a, "/tmp", text));
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(examples),
      cmocka_unit_test(a_million_letters),
      cmocka_unit_test(lengths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
