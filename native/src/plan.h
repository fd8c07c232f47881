/* SPDX-License-Identifier: Apache-2.0 */
/* plan.json: what the monitor needs beside the OCI bundle. Written by lib/runtime/plan.ts,
 * documented in docs/native-protocol.md; the two files are kept in step. */
#ifndef LIGHTER_PLAN_H
#define LIGHTER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "spec.h"
#include "userns.h"

enum rootfs_driver { ROOTFS_OVERLAY, ROOTFS_FUSE_OVERLAYFS, ROOTFS_COPY };

struct plan_rootfs {
	enum rootfs_driver driver;
	struct string_list lower; /* absolute layer directories, the topmost first; with ROOTFS_COPY
				     copied once */
	char *upper, *work;	  /* absolute directories */
	char *program;		  /* fuse-overlayfs, absolute path */
	char *uid_mapping, *gid_mapping; /* owner on disk, owner shown, count, …; NULL = the same */
	bool read_only; /* never of a plan: the upper directory as the topmost layer */
	bool fresh;	/* never of a plan: nothing has ever been in the upper directory */
	bool throwaway; /* plan.autoRemove: what is written need not survive a crash of the machine
			 */
};

enum network_mode {
	NETWORK_NONE,
	NETWORK_HOST,
	NETWORK_BRIDGE,
	NETWORK_PRIVATE,   /* an uplink of its own */
	NETWORK_CONTAINER, /* the donor's */
};

enum uplink_kind { UPLINK_SLIRP4NETNS, UPLINK_PASTA };

/* What networks without endpoints are called; PREDEFINED_IDS of lib/network/network.ts. */
#define NETWORK_HOST_ID "5accd5297b035a9422f48049064e4bdb28b38992a0000c87adc54762614d79bf"
#define NETWORK_NONE_ID "cc1c7fc0365da1714d25b04ddea899cd93c7b540ddbc7743f9e1b24ca50c74e4"

/* A network of the user's that the container is on. */
struct plan_endpoint {
	char *id, *name;	  /* of the network */
	char *bridge;		  /* interface name of the bridge, e.g. "lighter0" */
	char *subnet;		  /* "172.17.0.0/16": used when the bridge does not exist yet */
	char *gateway;		  /* "172.17.0.1" */
	char *interface;	  /* what the container sees: "eth0" */
	char *address, *mac;	  /* the ones wished, NULL = any */
	char *subnet6, *gateway6; /* both or none */
	char *address6; /* wished, NULL = as far from the subnet's beginning as the other */
	char *range;	/* "172.17.8.0/24": where addresses are taken from, NULL = the subnet */
	char *range6;	/* the same for IPv6 */
	struct string_list reserved;   /* addresses that no container gets */
	struct string_list link_local; /* more addresses of the container, of either family */
	struct string_list names; /* of the container on this network, for the name server; empty
				     = not served */
	unsigned mtu;
	unsigned way_mtu; /* of what leaves over IPv4; 0 = that of the link */
	bool internal;	  /* nothing leads out of it */
	bool isolated;	  /* its containers do not reach each other */
	bool route;	  /* the container's way out */
};

/* IPv4 and IPv6. */
enum { PLAN_PORT_ADDRESSES = 2 };

/* A port of the container that the host gives away. */
struct plan_port {
	int protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;
	struct string_list addresses; /* of the host; all get the same port */
	uint16_t first, last;	      /* the first free one of these; 0: any */
};

/* What the name server is told of the container. */
struct plan_names {
	bool served;
	bool forward;		    /* whether it may ask about the world outside */
	struct string_list servers; /* its own; empty = the host's */
	struct json_t *links;	    /* other names of containers: {"alias": ["container", …]} */
};

struct plan_network {
	enum network_mode mode;
	struct plan_endpoint *endpoints; /* NETWORK_BRIDGE */
	size_t endpoint_count;
	struct plan_names names;
	struct plan_port *ports;
	size_t port_count;
	enum uplink_kind uplink;
	char *uplink_script;  /* the wrapper of the program */
	char *uplink_program; /* slirp4netns or pasta, absolute path */
	unsigned mtu;	      /* of the uplink */
	unsigned way_mtu;     /* of what leaves over IPv4 by a private one; 0 = that of the link */
	char *hosts_file; /* the line "ADDRESS\tNAMES" is appended once the address is known; NULL =
			     none */
	char *hosts_names;
	struct json_t *sysctls; /* of links that are there only once it is connected; NULL = none */
};

/* An empty volume is filled with what the image has at its mount point. */
struct plan_volume {
	char *volume; /* absolute directory with _data in it */
	char *destination;
	char *files; /* absolute directory in the place of _data; NULL = _data */
};

/* The source of a mount that is given to the container's user. */
struct plan_gift {
	char *source;
	char *subpath; /* a part of it; NULL = all */
};

/* A file system of a volume's own, on VOLUME/_data: one for all containers that use it at once. */
struct plan_file_system {
	char *volume; /* absolute directory with _data in it */
	char *type, *source;
	struct string_list options;
};

enum restart_policy { RESTART_NO, RESTART_ALWAYS, RESTART_UNLESS_STOPPED, RESTART_ON_FAILURE };

struct plan_restart {
	enum restart_policy policy;
	unsigned maximum; /* of restarts on failure, 0 = no limit */
};

struct plan_health {
	char *check; /* an exec request that stays; NULL = the container is not checked */
	long long interval_ms, timeout_ms, start_period_ms, start_interval_ms;
	unsigned retries;
};

enum log_driver { LOG_FILE, LOG_JOURNALD, LOG_PASSTHROUGH };

struct plan_logging {
	enum log_driver driver;
	long long max_size; /* bytes after which the log is rotated, 0 = never */
	unsigned max_files;
	bool compress;	       /* files that were rotated */
	long long buffer;      /* journald: bytes on their way, more is lost; 0 = wait */
	char *attributes;      /* JSON object that every record carries, NULL = none */
	struct json_t *fields; /* journald: what every entry carries */
};

enum step_source_kind {
	STEP_TREE,   /* layers, or a directory of the host, one over the other */
	STEP_CACHE,  /* a directory that outlives the step */
	STEP_SECRET, /* a file in memory, or a variable; its bytes come over standard input */
	STEP_SOCKET, /* who may use it */
};

enum step_sharing { STEP_SHARED, STEP_PRIVATE, STEP_LOCKED };

/* Something that is made for a step's mount, outside of its root filesystem. */
struct step_source {
	enum step_source_kind kind;
	char *place; /* where it is mounted for the bundle to bind it from; NULL = nowhere */
	struct plan_rootfs tree; /* STEP_TREE; read_only unless it is to be written to */
	char *directory;	 /* STEP_CACHE: of all its copies */
	enum step_sharing sharing;
	char *fill, *fill_subpath; /* STEP_CACHE: what a new one begins with, NULL = nothing */
	char *variable;		   /* STEP_SECRET: NULL = none */
	unsigned char *bytes;	   /* STEP_SECRET: once they have come */
	size_t size;
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* One RUN of a build in the place of a container: nobody else sees it, and it ends with whoever
 * called. */
struct plan_step {
	char *stubs; /* file that says what was made in the root filesystem for the mounts */
	struct string_list targets; /* of those that count for that */
	struct step_source *sources;
	size_t source_count;
};

struct plan {
	char *id;
	char *data_dir, *runtime_dir;
	char *container_dir; /* DATA/containers/ID */
	struct id_map id_map;
	struct plan_rootfs rootfs;
	struct plan_network network;
	bool terminal, open_stdin, stdin_once;
	char *log_path; /* NULL: no log (log driver none) */
	bool auto_remove;
	char *name_claim; /* DATA/names/NAME, removed with the container when auto_remove */
	struct string_list remove_paths; /* more to remove with it: anonymous volumes */
	struct plan_volume *populate;	 /* volumes that start with the image's content */
	size_t populate_count;
	struct plan_gift *gifts;
	size_t gift_count;
	struct plan_file_system *file_systems; /* of volumes */
	size_t file_system_count;
	struct string_list at_end; /* a command line, run when the container is over */
	char *user; /* "", "name", "uid:gid", … resolved in the root filesystem; NULL = spec's
		       numbers */
	struct string_list groups;	  /* --group-add: names or numbers */
	char *passwd_entry, *group_entry; /* for a user that the image may not know; NULL = none */
	char *runtime;	     /* external OCI runtime, absolute path; NULL = this program */
	char *donor;	     /* id of the container whose namespaces are joined; NULL = none */
	char *donor_refusal; /* what to say when it does not run */
	struct plan_restart restart;
	struct plan_health health;
	struct plan_logging logging;
	int stop_signal;	/* of the container's own; 0 = it has none */
	char *slice;		/* of systemd, for the container's scope; NULL = the usual one */
	char *cgroup_parent;	/* absolute cgroup v2 directory to create the container's in; NULL =
				   none */
	struct plan_step *step; /* NULL = it is a container */
};

struct json_t;

/* Reads the member "rootfs" of a plan. */
int plan_read_rootfs(struct json_t *object, struct plan_rootfs *ret, struct failure *out);
void plan_clear_rootfs(struct plan_rootfs *rootfs);

/* Reads the member "network" of a plan; one port or endpoint alone. */
int plan_read_network(struct json_t *object, struct plan_network *ret, struct failure *out);
int plan_read_port(struct json_t *object, struct plan_port *ret, struct failure *out);
int plan_read_endpoint(struct json_t *object, enum uplink_kind uplink, struct plan_endpoint *ret,
	struct failure *out);
void plan_clear_network(struct plan_network *network);
void plan_clear_endpoint(struct plan_endpoint *endpoint);

/* Reads CONTAINER_DIR/plan.json. Returns 0 or -1. */
int plan_load(const char *container_dir, struct plan **ret, struct failure *out);

/* The same, of a plan that lies in another directory still. */
int plan_load_from(
	const char *directory, const char *container_dir, struct plan **ret, struct failure *out);
void plan_free(struct plan *plan);

#endif
