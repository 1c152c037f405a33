/* sbom.c: --sbom: the bill of materials of an artefact, as SPDX 2.3 has it. The same input gives the same
 * file. */
#define _POSIX_C_SOURCE 200809L
#include "driver/origin.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

/* ---- names, which may be any bytes ---- */

/* As JSON can have it: bytes that are no UTF-8 become "%XX". */
static const char *as_utf8(arena *a, const char *name) {
  size_t length = strlen(name);
  char *made = arena_alloc(a, 3 * length + 1), *end = made;
  while (*name) {
    utf8proc_int32_t code;
    utf8proc_ssize_t count =
        utf8proc_iterate((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)strlen(name), &code);
    if (count > 0) {
      memcpy(end, name, (size_t)count);
      end += count, name += count;
    } else {
      end += sprintf(end, "%%%02X", (unsigned char)*name++);
    }
  }
  return made;
}

/* As part of a URI's path. */
static const char *as_uri(arena *a, const char *name) {
  static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  char *made = arena_alloc(a, 3 * strlen(name) + 1), *end = made;
  for (; *name; name++)
    end += sprintf(end, strchr(unreserved, *name) ? "%c" : "%%%02X", (unsigned char)*name);
  return made;
}

/* ---- parts of the document ---- */

/* SOURCE_DATE_EPOCH, else the epoch itself: the document is of no time. */
static const char *created(arena *a) {
  const char *stated = getenv("SOURCE_DATE_EPOCH");
  time_t seconds = stated ? (time_t)strtoll(stated, NULL, 10) : 0;
  struct tm parts;
  char line[32];
  if (!gmtime_r(&seconds, &parts) || !strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%SZ", &parts))
    return "1970-01-01T00:00:00Z";
  return arena_text(a, line);
}

static json_t *checksums(const char *sha256) {
  return json_pack("[{s:s, s:s}]", "algorithm", "SHA256", "checksumValue", sha256);
}

static json_t *package(const char *id, const char *name, const char *version, const char *license,
                       const char *copyright, const char *source) {
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "SPDXID", id, "name", name, "versionInfo",
                   version, "downloadLocation", source, "licenseConcluded", license, "licenseDeclared",
                   license, "copyrightText", copyright, "filesAnalyzed", 0);
}

static void relate(json_t *relations, const char *from, const char *kind, const char *to) {
  json_array_append_new(relations, json_pack("{s:s, s:s, s:s}", "spdxElementId", from, "relationshipType",
                                             kind, "relatedSpdxElement", to));
}

/* What model cards call licences, as SPDX does; others are not translated. */
static const char *spdx_license(const model_origin *origin) {
  static const char *const known[][2] = {{"apache-2.0", "Apache-2.0"},     {"mit", "MIT"},
                                         {"bsd-3-clause", "BSD-3-Clause"}, {"cc-by-4.0", "CC-BY-4.0"},
                                         {"cc-by-sa-4.0", "CC-BY-SA-4.0"}, {"cc0-1.0", "CC0-1.0"},
                                         {"gpl-3.0", "GPL-3.0-only"}};
  for (size_t i = 0; i < sizeof known / sizeof *known && origin->license; i++)
    if (strcmp(known[i][0], origin->license) == 0) return known[i][1];
  return "NOASSERTION";
}

/* `what` it is: "Model" or "Draft". */
static void add_model_part(arena *a, const char *what, const compilation *c, const model_origin *origin,
                           json_t *packages, json_t *files, json_t *relations) {
  char model_id[32];
  snprintf(model_id, sizeof model_id, "SPDXRef-%s", what);
  json_t *model = package(model_id, as_utf8(a, c->folder.name), origin->sha256, spdx_license(origin),
                          "NOASSERTION", "NOASSERTION");
  if (origin->license)
    json_object_set_new(model, "licenseComments",
                        json_pack("s+", "README.md says: ", as_utf8(a, origin->license)));
  json_array_append_new(packages, model);
  relate(relations, "SPDXRef-Artefact", "GENERATED_FROM", model_id);
  for (size_t i = 0; i < origin->count; i++) {
    char id[64];
    snprintf(id, sizeof id, "SPDXRef-%s-File-%zu", what, i + 1);
    json_array_append_new(files, json_pack("{s:s, s:s+, s:o, s:s, s:s}", "SPDXID", id, "fileName", "./",
                                           as_utf8(a, origin->files[i].name), "checksums",
                                           checksums(origin->files[i].sha256), "licenseConcluded",
                                           "NOASSERTION", "copyrightText", "NOASSERTION"));
    relate(relations, model_id, "CONTAINS", id);
  }
}

status origin_write_sbom(compilation *c, const model_origin *origin, const compilation *draft,
                         const model_origin *draft_origin, const char *made, const char *path) {
  arena *a = &c->arena;
  char hash[SHA256_TEXT_BYTES];
  TRY(sha256_file(a, made, hash));
  json_t *packages = json_array(), *files = json_array(), *relations = json_array();
  const char *slash = strrchr(made, '/'), *name = slash ? slash + 1 : made;
  const char *title = as_utf8(a, name);
  json_t *artefact =
      package("SPDXRef-Artefact", title, SMELT_VERSION, "NOASSERTION", "NOASSERTION", "NOASSERTION");
  json_object_set_new(artefact, "checksums", checksums(hash));
  json_array_append_new(packages, artefact);
  relate(relations, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Artefact");
  add_model_part(a, "Model", c, origin, packages, files, relations);
  if (draft) add_model_part(a, "Draft", draft, draft_origin, packages, files, relations);
  const origin_part *part;
  for (size_t i = 0; (part = origin_part_at(c, i)); i++) {
    char id[32];
    snprintf(id, sizeof id, "SPDXRef-Part-%zu", i + 1);
    json_array_append_new(packages, package(id, part->name, part->version, part->license,
                                            arena_format(a, "Copyright %s", part->copyright), part->source));
    relate(relations, "SPDXRef-Artefact", "STATIC_LINK", id);
  }
  json_t *document =
      json_pack("{s:s, s:s, s:s, s:s, s:o, s:{s:s, s:[s]}, s:o, s:o, s:o}", "spdxVersion", "SPDX-2.3",
                "dataLicense", "CC0-1.0", "SPDXID", "SPDXRef-DOCUMENT", "name", title, "documentNamespace",
                json_sprintf("https://spdx.org/spdxdocs/%s-%s", as_uri(a, name), hash), "creationInfo",
                "created", created(a), "creators", "Tool: smelt-" SMELT_VERSION, "packages", packages,
                "files", files, "relationships", relations);
  char *lines = json_dumps(document, JSON_INDENT(2));
  json_decref(document);
  status s = lines ? file_replace(a, path, lines, strlen(lines))
                   : fail_file(a, fail(a, STATUS_DEFECT, "has what JSON cannot hold"), path);
  free(lines);
  return s;
}
