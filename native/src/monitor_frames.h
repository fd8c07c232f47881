/* SPDX-License-Identifier: Apache-2.0 */
/* What clients ask of the monitor. */
#ifndef LIGHTER_MONITOR_FRAMES_H
#define LIGHTER_MONITOR_FRAMES_H

#include "monitor.h"

/* Handles what a client has sent; drops one that does not keep to the protocol. */
void monitor_read_client(struct monitor *monitor, struct client *client);

/* Gives the container more of the input that a client has pending. */
void monitor_write_input(struct monitor *monitor, struct client *client);

/* Whoever fed standard input is gone. */
void monitor_end_input(struct monitor *monitor);

/* To the container's process; one that is dead needs none. */
void monitor_signal(const struct monitor *monitor, int number);

/* Lets a paused container go on. */
void monitor_unpause(struct monitor *monitor);

#endif
