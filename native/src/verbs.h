/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the program. Each gets its own name as argv[0] and returns the exit code. */
#ifndef LIGHTER_VERBS_H
#define LIGHTER_VERBS_H

/* OCI runtime interface */
int verb_create(int argc, char **argv);
int verb_start(int argc, char **argv);
int verb_state(int argc, char **argv);
int verb_kill(int argc, char **argv);
int verb_delete(int argc, char **argv);

/* What the command line needs */
int verb_run(
	int argc, char **argv); /* start a container: monitor, and attach client unless --detach */
int verb_attach(int argc, char **argv);	 /* attach client of a running monitor */
int verb_exec(int argc, char **argv);	 /* a further process in a running container */
int verb_init(int argc, char **argv);	 /* pid 1 of `--init`: forwards signals, reaps */
int verb_layer(int argc, char **argv);	 /* apply a layer archive to a directory */
int verb_tree(int argc, char **argv);	 /* trees that steps of builds write */
int verb_remove(int argc, char **argv);	 /* remove trees owned by subordinate ids */
int verb_hold(int argc, char **argv);	 /* keeps others from changing a container */
int verb_lend(int argc, char **argv);	 /* keeps the shared namespaces between steps of a build */
int verb_measure(int argc, char **argv); /* sizes of trees owned by subordinate ids */
int verb_diff(int argc, char **argv);	 /* what a container changed */
int verb_export(int argc, char **argv);	 /* a container's root filesystem as an archive */
int verb_commit(int argc, char **argv);	 /* what a container changed as a layer's archive */
int verb_files(int argc, char **argv);	 /* both ends of `cp` */
int verb_names(int argc, char **argv);	 /* the name server that all monitors share */
int verb_ports(int argc, char **argv);	 /* the port forwarder, started by helper.h */
int verb_peer(int argc, char **argv);	 /* who is at the other end of a connection */
int verb_probe(int argc, char **argv); /* what this host can do, for the driver choice and doctor */

#endif
