/* SPDX-License-Identifier: Apache-2.0 */
/* One record on its way to the log's file: whole, or not at all. */
#ifndef LIGHTER_LOG_OUTPUT_H
#define LIGHTER_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "log.h"

enum { LOG_BUFFER = 4096 };

/* Encoded records on their way to the file, cut only by the size of the buffer. */
struct log_output {
	struct log *log;
	off_t written; /* of this record, to take back half of one */
	bool failed;
	size_t used;
	char bytes[LOG_BUFFER];
};

void log_output_begin(struct log_output *output, struct log *log);

/* As it is. */
void log_output_text(struct log_output *output, const char *text);

/* As the inside of a string of JSON. */
void log_output_string(struct log_output *output, const unsigned char *bytes, size_t length);

/* What could be written only in part is taken back. */
void log_output_end(struct log_output *output);

#endif
