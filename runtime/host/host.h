/*
 * host.h: all that the runtime asks of an operating system beyond what every C library has (malloc, strings,
 * read, write, close, lseek, isatty, getenv, time). Each system implements it in files of its own, in folders
 * beside this one; cmake/targets.cmake says which a target's runtime is made of. posix/ is what several
 * systems share, alone/ is for systems that have one thread.
 *
 * Nothing here prints or exits. What a system cannot do it leaves, as each function says.
 */
#ifndef RT_HOST_H
#define RT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- memory (memory.c) ------------------------------------------------------------- */

/*
 * `bytes` of zeros, aligned to 64 bytes at least, which cost nothing until they are touched where the system
 * can do that. Sizes are for the largest input a model allows, so most of them never are. NULL: out of
 * memory.
 */
uint8_t *rt_host_map(uint64_t bytes);
void rt_host_unmap(uint8_t *memory, uint64_t bytes); /* as mapped; NULL is allowed */

/* Gives the whole pages of memory[0 .. bytes), a part of a map, back to the system; their bytes are lost. */
void rt_host_give_back(uint8_t *memory, uint64_t bytes);

/* Asks that the whole pages of memory[0 .. bytes) be large ones. */
void rt_host_prefer_huge_pages(const uint8_t *memory, uint64_t bytes);

/* The most memory that this process has had so far, in bytes; 0: the system does not say (peak_memory.c). */
int64_t rt_host_peak_memory(void);

/* ---- processors (processors.c) ------------------------------------------------------- */

/* How many processors this process may keep busy, its limits heeded. At least 1. */
int32_t rt_processor_count(void);
/* Keeps the calling thread on the index-th (from 0, and round again) of the processors that it may use; where
 * the system refuses, nothing changes. */
void rt_processor_pin(int32_t index);
/* The system's number of the processor that runs the calling thread; -1: it does not say. Only core/team.c
 * asks. */
int32_t rt_processor_here(void);
/* Takes the calling thread off the processors taken[0 .. count) if it may use others; it is bound to none.
 * The numbers are read atomically: others may write them. */
void rt_processor_leave(const int32_t *taken, int32_t count);

/* ---- threads (threads.c, waiting.c); only core/team.c, which alone/team.c replaces, and weights/packed.c
 * ----- */

typedef uintptr_t rt_host_thread; /* the system's handle */

/* A thread that calls body(argument), which returns NULL, on `stack_bytes` of stack; no signal is handled
 * there. False: refused. */
bool rt_host_thread_start(rt_host_thread *thread, void *(*body)(void *argument), void *argument,
                          size_t stack_bytes);
/* Waits for its end. */
void rt_host_thread_join(rt_host_thread thread);

/* Sleeps while *word == seen, until rt_host_wake; may return early. */
void rt_host_sleep(const volatile void *word, uint32_t seen);
/* Wakes all that sleep on the word. */
void rt_host_wake(const volatile void *word);

/* How often threads of this process have left a processor; -1: the system does not say. */
long rt_host_switches(void);

/* ---- clock and chance (clock.c, random.c) ----------------------------------------------- */

/* Of a clock that only goes forward. */
int64_t rt_now_ns(void);

/* Fills bytes that nobody can foresee. False: the system has none. */
bool rt_host_random(void *bytes, size_t count);

/* ---- files (files.c) --------------------------------------------------------------------- */

/* A descriptor for read, lseek and close, or for write and close of a new or emptied file. Bytes are as they
 * are in the file. -1: refused, errno says why. */
int rt_host_open(const char *path);
int rt_host_create(const char *path);
/* Whether read comes back at once, with bytes or at the end, as far as the system can say. */
bool rt_host_can_read(int file);

/* ---- weights outside the program (file_map.c, own_file.c, cache_folder.c, kept_file.c); only
 * runtime/weights ---- */

/* Room for a path. */
enum { RT_HOST_PATH_BYTES = 4096 };

/* How long an open file is, which is then read from its beginning on. -1: errno says why. (Of as many bits on
 * every machine, which lseek's answer is not.) */
int64_t rt_host_file_bytes(int file);

/* The first `bytes` of an open file as memory that is read only, for rt_host_unmap. NULL: errno says why. */
uint8_t *rt_host_map_file(int file, uint64_t bytes);

/* The path of the program, or of the library that it loaded, that has `address`. False: the system does not
 * say. */
bool rt_host_own_file(const void *address, char *path, size_t room);

/* The user's folder for smelt's files that can be made again; it is there. False: there is none to write to.
 */
bool rt_host_cache_folder(char *path, size_t room);

/* Makes a file for rt_host_end_file, with the name `draft` or, where the system can, none yet. -1: it cannot
 * be made. */
int rt_host_begin_file(const char *draft);

/* Closes a file that was begun as `draft`. One that is whole is called `path` from now on, in place of what
 * had that name, and its bytes are on disk first: power may fail, and only its header is looked at later.
 * Else, or where that fails, it is removed: false. */
bool rt_host_end_file(int file, const char *draft, const char *path, bool is_whole);

/* ---- the terminal (terminal.c, interrupts.c); only runtime/app -------------------------------- */

/* Whether the keys of this terminal can be read one by one. */
bool rt_host_terminal_has_keys(int input, int output);
/* How wide it is; 0: it does not say. */
int rt_host_terminal_columns(int output);
/* From now on each key is read as it comes, and not shown. A signal that ends the program undoes that first.
 * False: refused. */
bool rt_host_terminal_take_keys(int input);
/* As it was before. */
void rt_host_terminal_give_back(void);

/* From now on Ctrl-C ends reads with EINTR and sets what rt_host_was_interrupted tells. */
void rt_host_catch_interrupts(void);
bool rt_host_was_interrupted(void);
void rt_host_forget_interrupt(void);

#endif
