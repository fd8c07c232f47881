/* SPDX-License-Identifier: Apache-2.0 */
/* Resources that belong to a scope: closed or freed when the scope is left, unless taken. */
#ifndef LIGHTER_SCOPE_H
#define LIGHTER_SCOPE_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void scope_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
}

static inline void scope_free(void *slot)
{
	free(*(void **)slot);
}

static inline void scope_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void scope_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define auto_close __attribute__((cleanup(scope_close)))
#define auto_free __attribute__((cleanup(scope_free)))
#define auto_fclose __attribute__((cleanup(scope_fclose)))
#define auto_closedir __attribute__((cleanup(scope_closedir)))

/* Moves a descriptor out of its scope. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Moves a pointer out of its scope. */
#define take(pointer)                                                                              \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#define retry_eintr(expression)                                                                    \
	({                                                                                         \
		__typeof__(expression) result_;                                                    \
		do                                                                                 \
			result_ = (expression);                                                    \
		while (result_ == -1 && errno == EINTR);                                           \
		result_;                                                                           \
	})

#define array_size(array) (sizeof(array) / sizeof((array)[0]))

#endif
