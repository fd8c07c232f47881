/* SPDX-License-Identifier: Apache-2.0 */
/* A pseudo terminal of the container's own devpts. */
#ifndef LIGHTER_CONSOLE_H
#define LIGHTER_CONSOLE_H

#include <sys/types.h>

#include "fail.h"

/* Opens a new pty of ROOT/dev/pts; both ends are close-on-exec. The size is set before anybody can
 * look (0 = leave), the slave belongs to uid. */
int console_open(int root, unsigned short rows, unsigned short columns, uid_t uid, int *ret_master,
	int *ret_slave, struct failure *out);

/* Puts the slave on /dev/console of the tree: dev is a descriptor of that /dev. */
int console_bind(int dev, int slave, struct failure *out);

#endif
