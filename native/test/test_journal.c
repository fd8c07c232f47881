/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "journal.h"

int main(void)
{
	const struct journal_attribute exit_code[] = {{"exitCode", "3"}};
	struct journal_subject subject = {.id = "ab"};
	const struct timespec time = {.tv_sec = 5, .tv_nsec = 7};
	char *line;

	subject.event = json_loads(
		"{\"image\":\"busybox\",\"attributes\":{\"name\":\"box\",\"a\":\"\\\"\"}}", 0,
		NULL);
	line = journal_line(&subject, "die", exit_code, 1, &time);
	assert(line);
	assert(strcmp(line,
		       "{\"status\":\"die\",\"id\":\"ab\",\"from\":\"busybox\","
		       "\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"ab\","
		       "\"Attributes\":{\"a\":\"\\\"\",\"exitCode\":\"3\",\"image\":\"busybox\","
		       "\"name\":\"box\"}},\"scope\":\"local\",\"time\":5,"
		       "\"timeNano\":5000000007}\n") == 0);
	free(line);
	/* The plan's own attributes are as they were. */
	assert(json_object_size(json_object_get(subject.event, "attributes")) == 2);
	journal_subject_close(&subject);
	return 0;
}
