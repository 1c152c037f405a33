/* link_test.c: programs, objects and archives out of a compiled hello and a blob with its text. */
#define _GNU_SOURCE
#include "link/link.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* base.h's is meant */

static const char message[] = "Once upon a time there was a blob.\n";

typedef struct {
  arena arena;
  char folder[32]; /* holds the results, and nothing else at the end */
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->folder, "/tmp/link_test-XXXXXX");
  *state = f;
  return f && mkdtemp(f->folder) ? 0 : -1;
}

static size_t file_count(const char *folder) {
  size_t count = 0;
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) count++;
  closedir(entries);
  return count;
}

static int tear_down(void **state) {
  fixture *f = *state;
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", f->folder);
  int result = system(command);
  arena_free(&f->arena);
  free(f);
  return result;
}

static const char *in_folder(fixture *f, const char *name) {
  return file_join(&f->arena, f->folder, name);
}

/* A job for `target` that holds hello.o and the blob it prints. */
static link_job *hello_job(fixture *f, const char *target, const char *destination) {
  const char *build = getenv("SMELT_BUILD");
  if (!build) skip();
  link_job *job;
  file_view hello;
  assert_null(
      file_map(&f->arena, arena_format(&f->arena, "%s/tests/link/%s/hello.o", build, target), &hello));
  assert_null(link_begin(&f->arena, codegen_target_named(target), destination, &job));
  assert_null(link_add_object(job, "hello", hello.bytes, hello.count));
  assert_null(link_add_bytes(job, "greeting", 0, message, sizeof message - 1));
  file_unmap(&hello);
  return job;
}

static void assert_prints(const char *command, const char *expected) {
  char said[256];
  FILE *child = popen(command, "r");
  assert_non_null(child);
  size_t count = fread(said, 1, sizeof said - 1, child);
  said[count] = '\0';
  assert_int_equal(pclose(child), 0);
  assert_string_equal(said, expected);
}

static bool installed(const char *program) {
  char command[128];
  snprintf(command, sizeof command, "command -v %s >/dev/null", program);
  return system(command) == 0;
}

/* No interpreter and no needed library, as `ldd` would say it. */
static void assert_static(fixture *f, const char *path, uint16_t machine) {
  file_view view;
  assert_null(file_map(&f->arena, path, &view));
  const Elf64_Ehdr *header = (const void *)view.bytes;
  assert_int_equal(header->e_machine, machine);
  assert_int_equal(header->e_type, ET_DYN); /* position independent */
  const Elf64_Phdr *segments = (const void *)(view.bytes + header->e_phoff);
  for (int i = 0; i < header->e_phnum; i++) {
    assert_int_not_equal(segments[i].p_type, PT_INTERP);
    assert_false(segments[i].p_type == PT_LOAD && (segments[i].p_flags & PF_W) &&
                 (segments[i].p_flags & PF_X));
    if (segments[i].p_type != PT_LOAD) continue; /* huge pages of the file can be huge pages of memory */
    assert_int_equal(segments[i].p_align % LINK_HUGE_PAGE_BYTES, 0);
    assert_int_equal((segments[i].p_vaddr - segments[i].p_offset) % LINK_HUGE_PAGE_BYTES, 0);
  }
  assert_true(view.count < 128 * 1024);
  file_unmap(&view);
}

static void a_program_runs_anywhere(void **state) {
  fixture *f = *state;
  const char *program = in_folder(f, "hello");
  link_job *job = hello_job(f, "x86_64-linux", program);
  status s = link_executable(job);
  if (s) print_error("%s\n", s->cause);
  assert_null(s);
  link_end(job);
  assert_int_equal(file_count(f->folder), 1);
  assert_static(f, program, EM_X86_64);
  assert_prints(program, message);
  assert_prints(arena_format(&f->arena, "%s aligned", program), "1\n");
  if (geteuid() == 0) /* chroot wants root: nothing but the program is in there */
    assert_prints(arena_format(&f->arena, "/usr/sbin/chroot %s /hello", f->folder), message);
}

static void another_architecture_runs_under_qemu(void **state) {
  fixture *f = *state;
  const char *program = in_folder(f, "hello.arm64");
  link_job *job = hello_job(f, "aarch64-linux", program);
  status s = link_executable(job);
  if (s) print_error("%s\n", s->cause);
  assert_null(s);
  link_end(job);
  assert_static(f, program, EM_AARCH64);
  if (!installed("qemu-aarch64-static")) {
    print_message("skipped: qemu-aarch64-static is not installed\n");
    skip();
  }
  assert_prints(arena_format(&f->arena, "qemu-aarch64-static %s", program), message);
}

static void one_object_holds_everything(void **state) {
  fixture *f = *state;
  const char *object = in_folder(f, "hello.o");
  link_job *job = hello_job(f, "x86_64-linux", object);
  assert_null(link_object(job));
  link_end(job);

  /* Linked once more, alone, it makes the same program. */
  file_view view;
  const char *program = in_folder(f, "hello");
  assert_null(file_map(&f->arena, object, &view));
  assert_null(link_begin(&f->arena, codegen_target_named("x86_64-linux"), program, &job));
  assert_null(link_add_object(job, "all", view.bytes, view.count));
  assert_null(link_executable(job));
  link_end(job);
  file_unmap(&view);
  assert_prints(program, message);
}

static void a_library_links_into_a_users_program(void **state) {
  fixture *f = *state;
  const char *library = in_folder(f, "libhello.a");
  link_job *job = hello_job(f, "x86_64-linux", library);
  assert_null(link_library(job));
  link_end(job);
  assert_int_equal(file_count(f->folder), 1);
  if (!installed("cc")) {
    print_message("skipped: cc is not installed\n");
    skip();
  }
  /* main is found through the archive's index alone. */
  const char *program = in_folder(f, "user");
  const char *command = arena_format(&f->arena, "cc -o %s %s -lpthread -lm 2>&1", program, library);
  assert_prints(command, ""); /* not even a warning */
  assert_prints(program, message);
}

static status write_refused(void *context, FILE *file) {
  fwrite(message, 1, sizeof message, file);
  return fail(context, STATUS_INPUT, "the weights end early");
}

static void failures_leave_nothing(void **state) {
  fixture *f = *state;
  arena *a = &f->arena;
  link_job *job = NULL;

  status s = link_begin(a, codegen_target_named("x86_64-linux"), in_folder(f, "absent/hello"), &job);
  assert_non_null(s);
  assert_int_equal(s->code, STATUS_INPUT);
  assert_non_null(strstr(s->cause, "No such file"));
  s = link_begin(a, codegen_target_named("x86_64-linux"), f->folder, &job);
  assert_non_null(s);
  assert_non_null(strstr(s->cause, "directory"));

  /* Without its blob, the linker refuses hello.o, and says why in our words. */
  const char *build = getenv("SMELT_BUILD");
  if (!build) skip();
  file_view hello;
  assert_null(file_map(a, arena_format(a, "%s/tests/link/x86_64-linux/hello.o", build), &hello));
  assert_null(link_begin(a, codegen_target_named("x86_64-linux"), in_folder(f, "hello"), &job));
  assert_null(link_add_object(job, "hello", hello.bytes, hello.count));
  s = link_executable(job);
  assert_non_null(s);
  assert_int_equal(s->code, STATUS_DEFECT);
  assert_non_null(strstr(s->cause, "greeting"));
  link_end(job);
  file_unmap(&hello);

  link_blob refused = {"weights", 0, write_refused, a};
  assert_null(link_begin(a, codegen_target_named("x86_64-linux"), in_folder(f, "hello"), &job));
  s = link_add_blob(job, &refused);
  assert_non_null(s);
  assert_string_equal(s->cause, "the weights end early");
  link_end(job);
  assert_int_equal(file_count(f->folder), 0);
}

static void an_interrupt_leaves_nothing(void **state) {
  fixture *f = *state;
  /* A linker that never ends: found before the real one, told by its own path. */
  setenv("SMELT_LD", in_folder(f, "slow"), 1);
  FILE *script = fopen(in_folder(f, "slow"), "w");
  fprintf(script, "#!/bin/sh\nexec sleep 60\n");
  fclose(script);
  chmod(in_folder(f, "slow"), 0755);

  pid_t child = fork();
  if (child == 0) {
    link_job *job = hello_job(f, "x86_64-linux", in_folder(f, "hello"));
    link_executable(job);
    _exit(0);
  }
  for (int waited = 0; file_count(f->folder) < 2 && waited < 200; waited++) /* the output in the making */
    usleep(10000);
  usleep(100000);
  kill(child, SIGINT);
  int wait_status;
  assert_int_equal(waitpid(child, &wait_status, 0), child);
  unsetenv("SMELT_LD");
  assert_true(WIFSIGNALED(wait_status));
  assert_int_equal(WTERMSIG(wait_status), SIGINT);
  assert_int_equal(file_count(f->folder), 1);
}

static status write_message(void *context, FILE *file) {
  (void)context;
  fwrite(message, 1, sizeof message, file);
  return OK;
}

static void a_blob_object_says_where_its_payload_is(void **state) {
  fixture *f = *state;
  const char *path = in_folder(f, "blob.o");
  const codegen_target *target = codegen_target_named("aarch64-linux");
  for (size_t alignment = 1; alignment <= 1 << 20; alignment *= 16) {
    FILE *file = fopen(path, "w+b");
    assert_non_null(file);
    link_blob blob = {"weights", alignment, write_message, NULL};
    assert_null(link_blob_object(&f->arena, target, &blob, file));
    assert_int_equal(fclose(file), 0);

    file_view view;
    assert_null(file_map(&f->arena, path, &view));
    const Elf64_Ehdr *header = (const void *)view.bytes;
    assert_int_equal(header->e_machine, EM_AARCH64);
    const Elf64_Shdr *sections = (const void *)(view.bytes + header->e_shoff);
    assert_int_equal(view.count, header->e_shoff + header->e_shnum * sizeof *sections);
    const Elf64_Shdr *payload = &sections[1], *table = &sections[2], *strings = &sections[3];
    assert_int_equal(payload->sh_flags, SHF_ALLOC);
    assert_int_equal(payload->sh_addralign, alignment);
    assert_int_equal(payload->sh_offset % (alignment < 65536 ? alignment : 65536), 0);
    assert_true(payload->sh_offset <= 65536);
    assert_int_equal(payload->sh_size, sizeof message);
    assert_memory_equal(view.bytes + payload->sh_offset, message, sizeof message);

    const Elf64_Sym *symbols = (const void *)(view.bytes + table->sh_offset);
    const char *names = (const char *)view.bytes + strings->sh_offset;
    assert_string_equal(names + symbols[1].st_name, "weights");
    assert_int_equal(symbols[1].st_size, sizeof message);
    assert_string_equal(names + symbols[2].st_name, "weights_end");
    assert_int_equal(symbols[2].st_value, sizeof message);
    file_unmap(&view);
  }
}

static void a_blob_of_a_32_bit_machine_is_an_elf_32_object(void **state) {
  fixture *f = *state;
  const codegen_target target = {.arch = "armv7", .pointer_bytes = 4, .page_bytes = 4096};
  const char *path = in_folder(f, "blob.o");
  FILE *file = fopen(path, "w+b");
  assert_non_null(file);
  link_blob blob = {"weights", 0, write_message, NULL};
  assert_null(link_blob_object(&f->arena, &target, &blob, file));
  assert_int_equal(fclose(file), 0);

  file_view view;
  assert_null(file_map(&f->arena, path, &view));
  const Elf32_Ehdr *header = (const void *)view.bytes;
  assert_int_equal(header->e_ident[EI_CLASS], ELFCLASS32);
  assert_int_equal(header->e_machine, EM_ARM);
  assert_int_equal(header->e_flags, EF_ARM_EABI_VER5);
  const Elf32_Shdr *sections = (const void *)(view.bytes + header->e_shoff);
  assert_int_equal(view.count, header->e_shoff + header->e_shnum * sizeof *sections);
  assert_int_equal(sections[1].sh_offset, 4096);
  assert_int_equal(sections[1].sh_size, sizeof message);
  assert_memory_equal(view.bytes + 4096, message, sizeof message);
  const Elf32_Sym *symbols = (const void *)(view.bytes + sections[2].sh_offset);
  const char *names = (const char *)view.bytes + sections[3].sh_offset;
  assert_int_equal(sections[2].sh_entsize, sizeof *symbols);
  assert_string_equal(names + symbols[1].st_name, "weights");
  assert_string_equal(names + symbols[2].st_name, "weights_end");
  assert_int_equal(symbols[2].st_value, sizeof message);
  file_unmap(&view);
}

static void blobs_of_any_size_link_side_by_side(void **state) {
  fixture *f = *state;
  const char *program = in_folder(f, "three");
  link_job *job = hello_job(f, "x86_64-linux", program);
  assert_null(link_add_bytes(job, "empty", 64, NULL, 0));
  assert_null(link_add_bytes(job, "odd", 8, "odd", 3));
  assert_null(link_executable(job));
  link_end(job);
  assert_prints(program, message);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(a_program_runs_anywhere),
      TEST(another_architecture_runs_under_qemu),
      TEST(one_object_holds_everything),
      TEST(a_library_links_into_a_users_program),
      TEST(failures_leave_nothing),
      TEST(an_interrupt_leaves_nothing),
      TEST(a_blob_object_says_where_its_payload_is),
      TEST(a_blob_of_a_32_bit_machine_is_an_elf_32_object),
      TEST(blobs_of_any_size_link_side_by_side),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
