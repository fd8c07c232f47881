/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `peer`: who is at the other end of a connection. Node cannot ask the kernel. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"
#include "scope.h"
#include "verbs.h"

#define STEP "peer"

/* What the caller inherited to us. */
#define CONNECTION 3

int verb_peer(int argc, char **argv)
{
	struct failure failure;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	(void)argc;
	(void)argv;
	if (getsockopt(CONNECTION, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		fail(&failure, errno, STEP, "cannot tell who is connected");
		failure_report(STDOUT_FILENO, &failure);
		return failure_exit_code(&failure);
	}
	/* A process of another pid namespace has the pid 0, one of another user namespace the
	 * overflow id. */
	printf("{\"event\":\"peer\",\"uid\":%u,\"pid\":%d}\n", peer.uid, (int)peer.pid);
	return 0;
}
