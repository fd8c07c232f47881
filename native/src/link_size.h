/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIGHTER_LINK_SIZE_H
#define LIGHTER_LINK_SIZE_H

/* Lets packets of TCP be larger than 64 KiB on a link while they stay on this machine (Linux 6.3):
 * what each bridge, rule and queue on the way costs is paid for a quarter of them. They are cut
 * where they leave for a link that does not know them. A kernel without such packets is left as it
 * is. */
void link_allow_large(int route, const char *name);

#endif
