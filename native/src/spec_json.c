/* SPDX-License-Identifier: Apache-2.0 */
#include "spec_json.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "scope.h"

/* Marks a string that stands for an integer; U+0001 cannot begin any sensible value. */
#define BIG_MARK "\x01"
#define BIG_MARK_JSON "\"\\u0001"

enum { MAXIMUM_STRINGS = 1 << 20 };

void spec_path(char ret[SPEC_WHERE], const char *where, const char *name)
{
	snprintf(ret, SPEC_WHERE, "%s%s%s", where, *where ? "." : "", name);
}

int spec_wrong(struct failure *out, const char *where, const char *name, const char *format, ...)
{
	char path[SPEC_WHERE], text[256];
	va_list arguments;

	spec_path(path, where, name);
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return fail_kind(out, FAILURE_BAD_INPUT, 0, "config", "config.json: %s %s", path, text);
}

static json_t *member(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

static bool is_empty(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	case JSON_STRING:
		return json_string_length(value) == 0;
	case JSON_ARRAY:
		return json_array_size(value) == 0;
	case JSON_OBJECT:
		return json_object_size(value) == 0;
	case JSON_INTEGER:
		return json_integer_value(value) == 0;
	default:
		return false;
	}
}

int spec_refuse(
	const json_t *object, const char *where, const char *const *names, struct failure *out)
{
	char path[SPEC_WHERE];

	for (; *names; names++) {
		const json_t *value = member(object, *names);

		if (!value || is_empty(value))
			continue;
		spec_path(path, where, *names);
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "config",
			"config.json: %s is not supported", path);
	}
	return 0;
}

int spec_object(const json_t *object, const char *where, const char *name, json_t **ret,
	struct failure *out)
{
	json_t *value = member(object, name);

	if (value && !json_is_object(value))
		return spec_wrong(out, where, name, "must be an object");
	*ret = value;
	return 0;
}

int spec_array(const json_t *object, const char *where, const char *name, size_t maximum,
	json_t **ret, struct failure *out)
{
	json_t *value = member(object, name);

	if (value && !json_is_array(value))
		return spec_wrong(out, where, name, "must be an array");
	if (value && json_array_size(value) > maximum)
		return spec_wrong(out, where, name, "has more than %zu elements", maximum);
	*ret = value;
	return 0;
}

int spec_element(const json_t *array, size_t index, const char *where, const char *name,
	char ret_where[SPEC_WHERE], json_t **ret, struct failure *out)
{
	json_t *value = json_array_get(array, index);

	snprintf(ret_where, SPEC_WHERE, "%s%s%s[%zu]", where, *where ? "." : "", name, index);
	if (!json_is_object(value))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "config",
			"config.json: %s must be an object", ret_where);
	*ret = value;
	return 0;
}

int spec_string(const json_t *object, const char *where, const char *name,
	enum spec_presence presence, char **ret, struct failure *out)
{
	const json_t *value = member(object, name);

	if (value && !json_is_string(value))
		return spec_wrong(out, where, name, "must be a string");
	if (presence == SPEC_REQUIRED && (!value || json_string_length(value) == 0))
		return spec_wrong(out, where, name, "is missing");
	if (!value)
		return 0;
	free(*ret);
	*ret = strdup(json_string_value(value));
	return *ret ? 0 : fail(out, ENOMEM, "config", "cannot read config.json");
}

int spec_list_reserve(struct string_list *list, size_t count)
{
	list->items = calloc(count + 1, sizeof(char *));
	list->count = 0;
	return list->items ? 0 : -1;
}

void spec_list_clear(struct string_list *list)
{
	for (size_t i = 0; list->items && i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct string_list){0};
}

int spec_strings(const json_t *object, const char *where, const char *name, struct string_list *ret,
	struct failure *out)
{
	json_t *array = NULL;
	const json_t *item;
	size_t index;

	if (spec_array(object, where, name, MAXIMUM_STRINGS, &array, out) < 0)
		return -1;
	spec_list_clear(ret);
	if (spec_list_reserve(ret, json_array_size(array)) < 0)
		return fail(out, ENOMEM, "config", "cannot read config.json");
	json_array_foreach(array, index, item)
	{
		if (!json_is_string(item))
			return spec_wrong(out, where, name, "must hold only strings");
		ret->items[index] = strdup(json_string_value(item));
		if (!ret->items[index])
			return fail(out, ENOMEM, "config", "cannot read config.json");
		ret->count++;
	}
	return 0;
}

int spec_bool(
	const json_t *object, const char *where, const char *name, bool *ret, struct failure *out)
{
	const json_t *value = member(object, name);

	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return spec_wrong(out, where, name, "must be true or false");
	*ret = json_is_true(value);
	return 0;
}

/* Reads the decimal digits of a marked string. */
static bool big_value(const json_t *value, uint64_t *ret)
{
	const char *text = json_string_value(value);
	char *end;

	if (!text || strncmp(text, BIG_MARK, 1) != 0 || !isdigit((unsigned char)text[1]))
		return false;
	errno = 0;
	*ret = strtoull(text + 1, &end, 10);
	return errno == 0 && *end == '\0';
}

int spec_integer(const json_t *object, const char *where, const char *name,
	enum spec_presence presence, int64_t minimum, int64_t maximum, int64_t *ret,
	bool *ret_present, struct failure *out)
{
	const json_t *value = member(object, name);
	int64_t number;

	if (!value && presence == SPEC_REQUIRED)
		return spec_wrong(out, where, name, "is missing");
	if (!value)
		return 0;
	number = json_integer_value(value);
	if (!json_is_integer(value) || number < minimum || number > maximum)
		return spec_wrong(out, where, name,
			"must be an integer from %" PRId64 " to %" PRId64, minimum, maximum);
	*ret = number;
	if (ret_present)
		*ret_present = true;
	return 0;
}

int spec_unsigned(const json_t *object, const char *where, const char *name,
	enum spec_presence presence, uint64_t *ret, bool *ret_present, struct failure *out)
{
	const json_t *value = member(object, name);
	uint64_t number;

	if (!value && presence == SPEC_REQUIRED)
		return spec_wrong(out, where, name, "is missing");
	if (!value)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		number = (uint64_t)json_integer_value(value);
	else if (!big_value(value, &number))
		return spec_wrong(out, where, name, "must be an integer that is not negative");
	*ret = number;
	if (ret_present)
		*ret_present = true;
	return 0;
}

int spec_allocate(void *ret, size_t count, size_t size, struct failure *out)
{
	void *memory = NULL;

	if (count > 0) {
		memory = calloc(count, size);
		if (!memory)
			return fail(out, ENOMEM, "config", "cannot read config.json");
	}
	memcpy(ret, &memory, sizeof(memory));
	return 0;
}

/* Length of the integer literal at text when it lies between INT64_MAX and UINT64_MAX, else 0. */
static size_t big_literal(const char *text, size_t left)
{
	char digits[24];
	size_t length = 0;

	while (length < left && isdigit((unsigned char)text[length]))
		length++;
	if (length < 19 || length > 20 || (length < left && strchr(".eE", text[length])))
		return 0;
	memcpy(digits, text, length);
	digits[length] = '\0';
	errno = 0;
	return strtoull(digits, NULL, 10) > INT64_MAX && errno == 0 ? length : 0;
}

/* Writes text with every big literal as a marked string to stream. */
static void mark_big_literals(const char *text, size_t length, FILE *stream)
{
	bool in_string = false;
	size_t start = 0;

	for (size_t i = 0; i < length;) {
		size_t digits = 0;

		if (in_string && text[i] == '\\') {
			i += 2;
			continue;
		}
		if (text[i] == '"')
			in_string = !in_string;
		else if (!in_string && isdigit((unsigned char)text[i]))
			digits = i > 0 && strchr("-+.eE", text[i - 1])
					 ? 0
					 : big_literal(text + i, length - i);
		if (digits > 0) {
			fwrite(text + start, 1, i - start, stream);
			fprintf(stream, BIG_MARK_JSON "%.*s\"", (int)digits, text + i);
			start = i + digits;
			i = start;
		} else if (!in_string && isdigit((unsigned char)text[i])) {
			while (i < length && isdigit((unsigned char)text[i]))
				i++;
		} else {
			i++;
		}
	}
	if (start < length)
		fwrite(text + start, 1, length - start, stream);
}

json_t *spec_json_parse(const char *text, size_t length, const char *file, struct failure *out)
{
	auto_free char *marked = NULL;
	size_t marked_length = 0;
	json_error_t error;
	FILE *stream = open_memstream(&marked, &marked_length);
	json_t *document;

	if (!stream) {
		fail(out, errno, "config", "cannot read %s", file);
		return NULL;
	}
	mark_big_literals(text, length, stream);
	if (fclose(stream) != 0) {
		fail(out, ENOMEM, "config", "cannot read %s", file);
		return NULL;
	}
	document = json_loadb(marked, marked_length, JSON_REJECT_DUPLICATES, &error);
	/* The message quotes the text; it must stay one printable line. */
	for (char *byte = error.text; !document && *byte; byte++)
		if (iscntrl((unsigned char)*byte))
			*byte = '?';
	if (!document)
		fail_kind(out, FAILURE_BAD_INPUT, 0, "config", "%s: line %d, column %d: %s", file,
			error.line, error.column, error.text);
	return document;
}
