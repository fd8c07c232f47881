/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for a container to be started. */
#ifndef LIGHTER_CLIENTS_WAITING_H
#define LIGHTER_CLIENTS_WAITING_H

#include "clients.h"

/* Connects everybody who waits: each listens at RUNTIMEDIR/containers/ID.waiting/STREAMS.RANDOM,
 * STREAMS being letters of i, o and e for what it is to be attached to. Before the container's
 * process runs, so that they miss nothing of it. Who cannot be connected finds the container by
 * itself. */
void clients_connect_waiting(struct clients *clients, const struct plan *plan);

#endif
