/* join_test.c: several objects for Windows or macOS as one, and what damaged ones of any format lead to. */
#define _GNU_SOURCE
#include "link/archive.h"
#include "link/coff_tables.h"
#include "link/macho_tables.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* base.h's is meant */

typedef struct {
  arena arena;
  char folder[32];
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->folder, "/tmp/join_test-XXXXXX");
  *state = f;
  return f && mkdtemp(f->folder) ? 0 : -1;
}

static int tear_down(void **state) {
  fixture *f = *state;
  int result = system(arena_format(&f->arena, "rm -rf %s", f->folder));
  arena_free(&f->arena);
  free(f);
  return result;
}

static link_job *begin(fixture *f, const char *target) {
  link_job *job;
  assert_null(
      link_begin(&f->arena, codegen_target_named(target), file_join(&f->arena, f->folder, "all.o"), &job));
  return job;
}

static void end(fixture *f, link_job *job, file_view *view) {
  assert_null(link_object(job));
  link_end(job);
  assert_null(file_map(&f->arena, file_join(&f->arena, f->folder, "all.o"), view));
}

/* An object for Windows: eight bytes with a reference to `wanted`, under the name `name`. */
static text object(const char *name, const char *wanted) {
  text bytes = {0};
  coff_symbols symbols = {0};
  coff_add_symbol(&symbols, name, 0, 1, COFF_EXTERNAL);
  coff_relocation place = {4, coff_add_symbol(&symbols, wanted, 0, 0, COFF_EXTERNAL)};
  coff_add_symbol(&symbols, "what_nobody_defines", 0, 0, COFF_EXTERNAL);
  coff_piece piece = {".text", COFF_INITIALISED | COFF_READ, "12345678", 8, &place, 1};
  coff_put_object(&bytes, &piece, 1, &symbols);
  return bytes;
}

static const uint8_t *symbol_at(const coff_object *all, uint64_t index) {
  assert_true(index < all->header.symbol_count);
  return all->symbols + index * COFF_SYMBOL_BYTES;
}

static int count_named(fixture *f, const coff_object *all, const char *name) {
  int count = 0;
  for (uint32_t i = 0; i < all->header.symbol_count; i++)
    count += strcmp(coff_symbol_name(&f->arena, all, symbol_at(all, i)), name) == 0;
  return count;
}

static void objects_for_windows_refer_to_each_other(void **state) {
  fixture *f = *state;
  link_job *job = begin(f, "x86_64-windows");
  text first = object("first", "the_other_one"), other = object("the_other_one", "first");
  assert_null(link_add_object(job, "first", first.bytes, first.count));
  assert_null(link_add_object(job, "other", other.bytes, other.count));
  assert_null(link_add_bytes(job, "weights", 0, "payload", 7));
  file_view view;
  coff_object all;
  end(f, job, &view);
  assert_true(coff_read(view.bytes, view.count, &all));
  assert_int_equal(all.header.section_count, 3);
  static const char *const wanted[] = {"the_other_one", "first"};
  for (uint32_t i = 0; i < 2; i++) {
    coff_section section;
    assert_true(coff_read_section(&all, i, &section));
    assert_memory_equal(view.bytes + section.at, "12345678", 8);
    assert_int_equal(section.relocation_count, 1);
    const uint8_t *row =
        symbol_at(&all, coff_load(view.bytes + section.relocations_at + COFF_RELOCATION_SYMBOL, 4));
    assert_string_equal(coff_symbol_name(&f->arena, &all, row), wanted[i]);
    assert_int_equal(coff_load(row + COFF_SECTION, 2), 2 - i); /* the other's */
  }
  static const char *const once[] = {"first", "the_other_one", "what_nobody_defines", "weights",
                                     "weights_end"};
  for (size_t i = 0; i < sizeof once / sizeof *once; i++) assert_int_equal(count_named(f, &all, once[i]), 1);
  file_unmap(&view);
  text_free(&first);
  text_free(&other);
}

static void one_name_twice_is_a_defect(void **state) {
  fixture *f = *state;
  link_job *job = begin(f, "x86_64-windows");
  text one = object("same", "other");
  for (int i = 0; i < 2; i++) assert_null(link_add_object(job, "same", one.bytes, one.count));
  status s = link_object(job);
  assert_non_null(s);
  assert_int_equal(s->code, STATUS_DEFECT);
  link_end(job);
  text_free(&one);
}

static void blobs_for_macos_lie_side_by_side(void **state) {
  fixture *f = *state;
  link_job *job = begin(f, "aarch64-macos");
  assert_null(link_add_bytes(job, "weights", 64, "payload", 7));
  assert_null(link_add_bytes(job, "manifest", 64, "other", 5));
  file_view view;
  macho_object all;
  end(f, job, &view);
  assert_true(macho_read(view.bytes, view.count, &all));
  assert_int_equal(all.section_count, 1);
  assert_int_equal(all.symbols.symbol_count, 4);
  macho_section section = macho_read_section(&all, 0);
  static const char *const names[] = {"_weights", "_weights_end", "_manifest", "_manifest_end"};
  static const uint64_t places[] = {0, 7, 64, 69};
  for (uint32_t i = 0; i < 4; i++) {
    macho_symbol symbol = macho_read_symbol(&all, i);
    assert_string_equal(macho_symbol_name(&all, &symbol), names[i]);
    assert_int_equal(symbol.value, places[i]);
  }
  assert_memory_equal(view.bytes + section.at, "payload", 7);
  assert_memory_equal(view.bytes + section.at + 64, "other", 5);
  file_unmap(&view);
}

static status write_payload(void *context, FILE *file) {
  fputs(context, file);
  return OK;
}

/* Of each format an object that ends early, or has a byte changed, is refused or indexed, and nothing else.
 */
static void damaged_objects_are_seen(void **state) {
  static const char *const targets[] = {"x86_64-linux", "x86_64-windows", "aarch64-macos", "wasm32-wasi"};
  fixture *f = *state;
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    const codegen_target *target = codegen_target_named(targets[i]);
    const link_format *format = link_format_of(target);
    char payload[] = "payload";
    link_blob blob = {"some_weights", 16, write_payload, payload};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_null(link_blob_object(&f->arena, target, &blob, file));
    fseek(file, 0, SEEK_END);
    size_t count = (size_t)ftell(file), refused = 0;
    rewind(file);
    uint8_t *whole = malloc(count);
    assert_int_equal(fread(whole, 1, count, file), count);
    archive ar = {.arena = &f->arena, .format = format};
    archive_add_member(&ar, "whole", whole, count);
    assert_true(format->index_member(&ar, whole, count));
    assert_int_equal(ar.index_count, 2);
    for (size_t bytes = 0; bytes < count; bytes++) {
      uint8_t *part = malloc(bytes + !bytes); /* of its own, so that sanitizers see what is read behind it */
      memcpy(part, whole, bytes);
      refused += !format->index_member(&ar, part, bytes);
      free(part);
      whole[bytes] ^= 0xff;
      part = malloc(count);
      memcpy(part, whole, count);
      whole[bytes] ^= 0xff;
      format->index_member(&ar, part, count);
      free(part);
    }
    assert_true(refused > count / 2);
    free(whole);
    fclose(file);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(objects_for_windows_refer_to_each_other),
      TEST(one_name_twice_is_a_defect),
      TEST(blobs_for_macos_lie_side_by_side),
      TEST(damaged_objects_are_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
