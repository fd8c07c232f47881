/* SPDX-License-Identifier: Apache-2.0 */
/* The other reader of archives: what `cp` does on the host with what comes out of a container. */
#ifndef LIGHTER_FUZZ_COPY_H
#define LIGHTER_FUZZ_COPY_H

/* Copies the archive on standard input into a directory that has a few things in it, links that
 * lead out among them. Reports and ends as `layer apply` does. */
int copy_main(int argc, char **argv);

#endif
