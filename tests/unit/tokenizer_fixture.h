/* tokenizer_fixture.h: a small tokenizer from JSON, compiled and opened, for unit tests. */
#ifndef SMELT_TOKENIZER_FIXTURE_H
#define SMELT_TOKENIZER_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/text.h"
#include "tokenizer/tokenizer.h"

#include <cmocka.h> /* last: it has a macro fail() */

#define ADDED                                                                                                \
  "'added_tokens':[{'id':20,'content':'<s>','special':true,'normalized':false},"                             \
  "{'id':21,'content':'<m>','special':true,'normalized':false,'lstrip':true}]"
#define TEMPLATE                                                                                             \
  "'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'<s>','type_id':0}},"       \
  "{'Sequence':{'id':'A','type_id':0}}],'special_tokens':{'<s>':{'id':'<s>','ids':[20],'tokens':['<s>']}}}"
/* \u0120 is the byte-level spelling of a space; \u00c3 \u00a9 that of the two bytes of e with acute. */
#define BYTE_LEVEL_PARTS                                                                                     \
  "'pre_tokenizer':{'type':'ByteLevel','add_prefix_space':false},'decoder':{'type':'ByteLevel'}"
#define BYTE_LEVEL_MODEL                                                                                     \
  "'model':{'type':'BPE','vocab':{'l':0,'o':1,'w':2,'e':3,'r':4,'\\u0120':5,'\\u00c3':6,'\\u00a9':7,'lo':8," \
  "'low':9,'er':10,'\\u0120l':11,'we':12},'merges':['l o','lo w','e r','w e',['\\u0120','l']]}"
#define BYTE_LEVEL "{" ADDED "," TEMPLATE "," BYTE_LEVEL_PARTS "," BYTE_LEVEL_MODEL "}"

typedef struct {
  arena a;
  text blob;
  tok_summary summary;
  rt_tokenizer tokenizer;
  rt_encoder encoder;
} fixture;

/* Compiles JSON with ' for ". The caller ends the fixture in any case. */
static status compile(fixture *f, const char *json) {
  *f = (fixture){0};
  char path[] = "/tmp/smelt_tokenizer_XXXXXX";
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  FILE *file = fdopen(descriptor, "w");
  for (; *json; json++) fputc(*json == '\'' ? '"' : *json, file);
  fclose(file);
  status s = tok_compile(&f->a, path, &f->blob, &f->summary);
  unlink(path);
  return s;
}

static void begin(fixture *f, const char *json) {
  status s = compile(f, json);
  if (s) fail_msg("%s: %s", s->node ? s->node : "", s->cause);
  assert_null(rt_tokenizer_open(&f->tokenizer, f->blob.bytes, f->blob.count));
  rt_encoder_init(&f->encoder, &f->tokenizer);
}

static void end(fixture *f) {
  rt_encoder_free(&f->encoder);
  text_free(&f->blob);
  arena_free(&f->a);
}

#endif
