/*
 * malloc.c: in place of wasi-libc's, which is larger than all that this runtime asks of one. Blocks lie side
 * by side in regions that the module's memory grew by; free ones are in a list, joined with their neighbours,
 * and the first that is large enough is taken (Knuth, The Art of Computer Programming 1, 2.5, boundary tags).
 */
#define _POSIX_C_SOURCE 200809L /* posix_memalign */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct block block;
struct block {
  size_t size;            /* with this, a multiple of ALIGN; plus USED */
  size_t before;          /* the size of the block before; 0: the region begins here */
  block *next, *previous; /* of the free ones */
};
enum { ALIGN = sizeof(block), PAGE_BYTES = 1 << 16, USED = 1 };
_Static_assert(ALIGN >= _Alignof(max_align_t), "what follows a block's head is aligned");

static block *free_blocks;
static block *last; /* an empty used block at the last region's end; NULL: nothing was asked for yet */

static block *behind(block *b) {
  return (block *)(void *)((char *)b + (b->size & ~(size_t)USED));
}

static void put(block *b) {
  b->previous = NULL;
  b->next = free_blocks;
  if (b->next) b->next->previous = b;
  free_blocks = b;
}

static void take(block *b) {
  if (b->next) b->next->previous = b->previous;
  if (b->previous)
    b->previous->next = b->next;
  else
    free_blocks = b->next;
}

/* A free block of `size` at b, joined with free neighbours. */
static void release(block *b, size_t size) {
  block *after = (block *)(void *)((char *)b + size);
  if (!(after->size & USED)) {
    take(after);
    size += after->size;
  }
  if (b->before) {
    block *ahead = (block *)(void *)((char *)b - b->before);
    if (!(ahead->size & USED)) {
      take(ahead);
      size += ahead->size;
      b = ahead;
    }
  }
  b->size = size;
  behind(b)->before = size;
  put(b);
}

/* Free memory from `begin` to `end`, multiples of ALIGN that are three of them apart at least. */
static void add_region(uintptr_t begin, uintptr_t end) {
  block *b = (block *)begin;
  if (last && (uintptr_t)last + ALIGN == begin)
    b = last;
  else
    b->before = 0;
  last = (block *)(end - ALIGN);
  *last = (block){.size = ALIGN | USED};
  release(b, (uintptr_t)last - (uintptr_t)b);
}

/* What lies behind data and stack in the memory that the module begins with. */
static void start(void) {
  extern char __heap_base, __heap_end;
  static block nothing = {.size = ALIGN | USED};
  uintptr_t begin = ((uintptr_t)&__heap_base + ALIGN - 1) / ALIGN * ALIGN;
  last = &nothing;
  if ((uintptr_t)&__heap_end >= begin + 3 * ALIGN) add_region(begin, (uintptr_t)&__heap_end);
}

/* More memory, `bytes` at least in one free block. */
static bool grow(size_t bytes) {
  size_t pages = (bytes + 2 * ALIGN + PAGE_BYTES - 1) / PAGE_BYTES;
  size_t before = __builtin_wasm_memory_grow(0, pages);
  if (before == SIZE_MAX) return false;
  add_region(before * PAGE_BYTES, (before + pages) * PAGE_BYTES);
  return true;
}

/* Cuts what `size` leaves of a used block off. */
static void trim(block *b, size_t size) {
  size_t rest = (b->size & ~(size_t)USED) - size;
  if (rest < 2 * ALIGN) return;
  b->size = size | USED;
  block *cut = behind(b);
  cut->before = size;
  release(cut, rest);
}

static size_t block_size(size_t bytes) {
  return (bytes + ALIGN - 1) / ALIGN * ALIGN + ALIGN;
}

void *malloc(size_t bytes) {
  if (bytes > PTRDIFF_MAX) return errno = ENOMEM, NULL;
  size_t size = block_size(bytes ? bytes : 1);
  if (!last) start();
  for (bool has_grown = false;; has_grown = true) {
    block *b = free_blocks;
    while (b && b->size < size) b = b->next;
    if (b) {
      take(b);
      b->size |= USED;
      trim(b, size);
      return b + 1;
    }
    if (has_grown || !grow(size)) return errno = ENOMEM, NULL;
  }
}

void free(void *memory) {
  if (!memory) return;
  block *b = (block *)memory - 1;
  release(b, b->size & ~(size_t)USED);
}

void *calloc(size_t count, size_t bytes) {
  size_t all;
  if (__builtin_mul_overflow(count, bytes, &all)) return errno = ENOMEM, NULL;
  void *memory = malloc(all);
  return memory ? memset(memory, 0, all) : NULL;
}

void *realloc(void *memory, size_t bytes) {
  if (!memory) return malloc(bytes);
  block *b = (block *)memory - 1;
  size_t room = (b->size & ~(size_t)USED) - ALIGN;
  if (bytes <= room) return trim(b, block_size(bytes ? bytes : 1)), memory;
  void *moved = malloc(bytes);
  if (!moved) return NULL;
  memcpy(moved, memory, room);
  free(memory);
  return moved;
}

/* `align` is a power of two. What lies before the first such address becomes a free block. */
void *aligned_alloc(size_t align, size_t bytes) {
  if (align <= ALIGN) return malloc(bytes);
  if (bytes > PTRDIFF_MAX - align) return errno = ENOMEM, NULL;
  char *memory = malloc(bytes + align);
  if (!memory) return NULL;
  size_t skipped = -(uintptr_t)memory & (align - 1);
  block *b = (block *)(void *)memory - 1;
  if (skipped) {
    block *moved = (block *)(void *)((char *)b + skipped);
    moved->size = (b->size & ~(size_t)USED) - skipped;
    moved->before = skipped;
    behind(moved)->before = moved->size;
    moved->size |= USED;
    release(b, skipped);
    b = moved;
  }
  trim(b, block_size(bytes));
  return b + 1;
}

int posix_memalign(void **memory, size_t align, size_t bytes) {
  *memory = aligned_alloc(align, bytes);
  return *memory ? 0 : ENOMEM;
}
