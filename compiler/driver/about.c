/* about.c: what programs are linked with, and what they say of it and of themselves. */
#include "driver/commands.h"
#include "driver/origin.h"

#include <string.h>

/* ---- parts ---- */

/* FOR_DEBIAN_12: for all but riscv64, whose libc is of another release (setup/sysroot.sh). */
typedef enum { FOR_ALL, FOR_TOKENIZERS, FOR_IMAGES, FOR_DEBIAN_12 } part_need;

typedef struct {
  origin_part part;
  const char *triple; /* what the target's LLVM triple has in it */
  part_need need;
  unsigned forms; /* of --emit that have it in them, CODEGEN_EXE and so on */
} part_row;

/* A library leaves libc to whoever links it, Linux' shared ones too; an object leaves the runtime. */
enum { ANY = CODEGEN_EXE | CODEGEN_OBJ | CODEGEN_LIB | CODEGEN_SHARED };
enum { LINKED = CODEGEN_EXE | CODEGEN_SHARED, WITH_RUNTIME = LINKED | CODEGEN_LIB };

#define MUSL "MIT", "2005-2020 Rich Felker and others", "https://musl.libc.org"
#define LIBGCC                                                                                               \
  "GPL-3.0-or-later WITH GCC-exception-3.1", "Free Software Foundation, Inc.", "https://gcc.gnu.org"

static const part_row parts[] = {
    {{"smelt's runtime", SMELT_VERSION, "NOASSERTION", "the smelt authors", "NOASSERTION"},
     "",
     FOR_ALL,
     WITH_RUNTIME},
    {{"musl", SMELT_MUSL_VERSION, MUSL}, "musl", FOR_DEBIAN_12, CODEGEN_EXE},
    {{"libgcc", SMELT_LIBGCC_VERSION, LIBGCC}, "musl", FOR_DEBIAN_12, LINKED},
    {{"musl", SMELT_RISCV64_MUSL_VERSION, MUSL}, "riscv64", FOR_ALL, CODEGEN_EXE},
    {{"libgcc", SMELT_RISCV64_LIBGCC_VERSION, LIBGCC}, "riscv64", FOR_ALL, LINKED},
    {{"wasi-libc", SMELT_WASI_LIBC_VERSION, "CC0-1.0 AND BSD-2-Clause AND MIT",
      "2018-2020 Dan Gohman and others; musl: 2005-2020 Rich Felker and others; cloudlibc: 2015-2017 Nuxi "
      "and others",
      "https://github.com/WebAssembly/wasi-libc"},
     "wasi",
     FOR_ALL,
     LINKED},
    {{"compiler-rt", SMELT_COMPILER_RT_VERSION, "Apache-2.0 WITH LLVM-exception",
      "the LLVM project's contributors", "https://llvm.org"},
     "wasi",
     FOR_ALL,
     LINKED},
    {{"mingw-w64", SMELT_MINGW_VERSION, "ZPL-2.1", "2009-2022 the mingw-w64 project",
      "https://www.mingw-w64.org"},
     "windows-gnu",
     FOR_ALL,
     LINKED},
    {{"Unicode data", SMELT_UTF8PROC_VERSION, "Unicode-DFS-2015 AND MIT",
      "1991-2007 Unicode, Inc.; utf8proc: 2009-2018 Public Software Group and others",
      "https://juliastrings.github.io/utf8proc"},
     "",
     FOR_TOKENIZERS,
     ANY},
    {{"stb_image", SMELT_STB_VERSION, "MIT OR Unlicense", "2017 Sean Barrett",
      "https://github.com/nothings/stb"},
     "",
     FOR_IMAGES,
     WITH_RUNTIME},
};

/* Texts that must come with what they are about; other licences let programs go without. */
static const struct {
  const char *license, *text;
} texts[] = {
    {"MIT",
     "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and "
     "associated "
     "documentation files (the \"Software\"), to deal in the Software without restriction, including without "
     "limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies "
     "of the "
     "Software, and to permit persons to whom the Software is furnished to do so, subject to the following "
     "conditions:\n\n"
     "The above copyright notice and this permission notice shall be included in all copies or substantial "
     "portions "
     "of the Software.\n\n"
     "THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT "
     "NOT "
     "LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN "
     "NO "
     "EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, "
     "WHETHER IN "
     "AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR "
     "THE USE "
     "OR OTHER DEALINGS IN THE SOFTWARE.\n"},
    {"BSD-2-Clause",
     "Redistribution and use in source and binary forms, with or without modification, are permitted "
     "provided that "
     "the following conditions are met:\n\n"
     "1. Redistributions of source code must retain the above copyright notice, this list of conditions and "
     "the "
     "following disclaimer.\n\n"
     "2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions "
     "and the "
     "following disclaimer in the documentation and/or other materials provided with the distribution.\n\n"
     "THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS \"AS IS\" AND ANY EXPRESS OR "
     "IMPLIED "
     "WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A "
     "PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE "
     "FOR ANY "
     "DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED "
     "TO, "
     "PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) "
     "HOWEVER "
     "CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING "
     "NEGLIGENCE OR "
     "OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF "
     "SUCH "
     "DAMAGE.\n"},
};

static bool is_in_form(const part_row *row, const char *form) {
  for (unsigned bit = CODEGEN_EXE; bit <= CODEGEN_SHARED; bit <<= 1)
    if (strcmp(emit_form_name(bit), form) == 0) return row->forms & bit;
  return false;
}

static bool is_needed(const part_row *row, const compilation *c) {
  if (!is_in_form(row, c->options->emit)) return false;
  if (!strstr(c->target->triple, row->triple)) return false;
  if (row->need == FOR_DEBIAN_12) return !strstr(c->target->triple, "riscv64");
  if (row->need == FOR_TOKENIZERS) return c->tokenizer.count > 0;
  return row->need == FOR_ALL || c->reads_images;
}

const origin_part *origin_part_at(const compilation *c, size_t index) {
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (is_needed(&parts[i], c) && index-- == 0) return &parts[i].part;
  return NULL;
}

/* ---- --version ---- */

static void write_model(text *t, const char *what, const compilation *c, const model_origin *origin) {
  const driver_options *o = c->options;
  text_print(t, "%s sha256:%s of %zu file%s, weights %s", what, origin->sha256, origin->count,
             origin->count == 1 ? "" : "s", o->precision ? o->precision : "f32");
  size_t bf16 = 0;
  for (size_t i = 0; i < o->kept_count; i++) bf16 += o->kept[i];
  if (bf16) text_print(t, " and bf16");
  if (c->is_generator) text_print(t, ", keys and values %s", o->kv ? o->kv : "f32");
  text_print(t, "\n");
}

/* Of a graph's sizes; how long texts may be a program says itself. */
static void write_limits(text *t, const compilation *c) {
  for (size_t i = 0; i < ir_dim_symbol_count(c->module) && !c->is_generator; i++) {
    ir_dim symbol = ir_dim_symbol_at(c->module, i);
    int64_t maximum = ir_dim_maximum(c->module, symbol);
    if (!ir_dim_limit(c->module, symbol) && maximum < INT64_MAX) /* else it follows from the others' */
      text_print(t, ", %s at most %lld", ir_dim_symbol_name(symbol), (long long)maximum);
  }
}

/* ---- --licenses ---- */

static void write_license(text *t, const char *what, const compilation *c, const model_origin *origin) {
  text_print(t, "%s %s: ", what, c->folder.name);
  if (origin->license)
    text_print(t, "%s, as its README.md says%s", origin->license, origin->license_file ? "; " : "");
  if (origin->license_file) text_print(t, "its %s stands below", origin->license_file);
  text_print(t, origin->license || origin->license_file ? "\n" : "its folder states no licence\n");
}

static void write_texts(text *t, const compilation *c, const model_origin *origin) {
  if (origin->license_text)
    text_print(t, "\n%s of %s:\n\n%s", origin->license_file, c->folder.name, origin->license_text);
}

/* Whether a part is under the licence, and not by choice. */
static bool binds(const compilation *c, const char *license) {
  const origin_part *part;
  for (size_t i = 0; (part = origin_part_at(c, i)); i++)
    if (strstr(part->license, license) && !strstr(part->license, " OR ")) return true;
  return false;
}

void origin_write_about(text *t, const compilation *c, const model_origin *origin, const compilation *draft,
                        const model_origin *draft_origin) {
  const origin_part *part;
  write_model(t, "model", c, origin);
  if (draft) write_model(t, "draft", draft, draft_origin);
  text_print(t, "for %s", c->target->name);
  write_limits(t, c);
  text_append(t, "\n", 2);
  write_license(t, "model", c, origin);
  if (draft) write_license(t, "draft", draft, draft_origin);
  for (size_t i = 0; (part = origin_part_at(c, i)); i++) {
    text_print(t, "%s %s", part->name, part->version);
    if (strcmp(part->license, "NOASSERTION") != 0)
      text_print(t, ": %s, Copyright %s, %s", part->license, part->copyright, part->source);
    text_print(t, "\n");
  }
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (binds(c, texts[i].license)) text_print(t, "\n%s:\n\n%s", texts[i].license, texts[i].text);
  write_texts(t, c, origin);
  if (draft) write_texts(t, draft, draft_origin);
  text_append(t, "", 1);
}
