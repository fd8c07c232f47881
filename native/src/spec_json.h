/* SPDX-License-Identifier: Apache-2.0 */
/* Members of JSON objects with checked types. Every failure names the member: `where` is the path
 * of the object, "" for the document itself. A member that is null counts as absent, as in Go's
 * runtimes. */
#ifndef LIGHTER_SPEC_JSON_H
#define LIGHTER_SPEC_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "fail.h"
#include "spec.h"

enum { SPEC_WHERE = 160 };
enum spec_presence { SPEC_OPTIONAL, SPEC_REQUIRED };

/* "config.json: WHERE.NAME TEXT", kind bad-input. */
int spec_wrong(struct failure *out, const char *where, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Refuses the members of the list that are there and not empty (false, 0, "", [] and {} ask for
 * nothing). */
int spec_refuse(
	const json_t *object, const char *where, const char *const *names, struct failure *out);

/* *ret stays NULL when the member is absent. */
int spec_object(const json_t *object, const char *where, const char *name, json_t **ret,
	struct failure *out);
int spec_array(const json_t *object, const char *where, const char *name, size_t maximum,
	json_t **ret, struct failure *out);

/* An element of an array as object; ret_where receives its path. */
int spec_element(const json_t *array, size_t index, const char *where, const char *name,
	char ret_where[SPEC_WHERE], json_t **ret, struct failure *out);

/* A copy; NULL when absent. An empty string counts as absent where a value is required. */
int spec_string(const json_t *object, const char *where, const char *name,
	enum spec_presence presence, char **ret, struct failure *out);

/* ret->items is always a NULL-terminated vector, also when the member is absent. */
int spec_strings(const json_t *object, const char *where, const char *name, struct string_list *ret,
	struct failure *out);

int spec_bool(
	const json_t *object, const char *where, const char *name, bool *ret, struct failure *out);

/* Numbers. *ret is untouched when the member is absent; ret_present may be NULL. */
int spec_integer(const json_t *object, const char *where, const char *name,
	enum spec_presence presence, int64_t minimum, int64_t maximum, int64_t *ret,
	bool *ret_present, struct failure *out);
int spec_unsigned(const json_t *object, const char *where, const char *name,
	enum spec_presence presence, uint64_t *ret, bool *ret_present, struct failure *out);

/* An empty list with its NULL; -1 without memory. */
int spec_list_reserve(struct string_list *list, size_t count);
void spec_list_clear(struct string_list *list);

/* "WHERE.NAME", or NAME alone. */
void spec_path(char ret[SPEC_WHERE], const char *where, const char *name);

/* calloc that reports: *ret stays NULL for a count of 0. */
int spec_allocate(void *ret, size_t count, size_t size, struct failure *out);

/* Parses text. Integers above INT64_MAX, which the JSON library refuses and which rlimits need,
 * become strings that spec_unsigned understands. file is for the message. */
json_t *spec_json_parse(const char *text, size_t length, const char *file, struct failure *out);

#endif
