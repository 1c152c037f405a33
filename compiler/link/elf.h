/* elf.h: what the files about ELF share. */
#ifndef SMELT_LINK_ELF_H
#define SMELT_LINK_ELF_H

#include "link/stage.h"

/* An architecture as ELF and its linker name it. */
typedef struct {
  const char *arch;      /* codegen_target's */
  const char *emulation; /* ld.lld -m */
  uint16_t number;       /* EM_X86_64 */
  uint32_t flags;        /* e_flags of objects without code: those that linkers compare */
} elf_machine;

const elf_machine *elf_machine_of(const codegen_target *target);

status elf_blob(arena *a, const codegen_target *target, const link_blob *blob, FILE *file);
status elf_add_prefix(link_job *job, const link_input *input);
bool elf_index_member(archive *ar, const uint8_t *bytes, uint64_t count);

#endif
