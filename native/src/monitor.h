/* SPDX-License-Identifier: Apache-2.0 */
/* One monitor per container: starts it, keeps its streams, records how it ended. */
#ifndef LIGHTER_MONITOR_H
#define LIGHTER_MONITOR_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <time.h>

#include "attach_options.h"
#include "clients.h"
#include "health.h"
#include "identity.h"
#include "log.h"
#include "monitor_services.h"
#include "monitor_state.h"
#include "net.h"
#include "pause.h"
#include "plan.h"
#include "restart.h"
#include "retry.h"
#include "shared.h"
#include "step_sources.h"
#include "stragglers.h"
#include "streams.h"
#include "together.h"

/* The health check that is on its way, or due. */
struct prober {
	pid_t pid; /* 0 = none is on its way */
	int fd;	   /* where its result arrives */
	bool armed;
	struct timespec due;   /* armed: when the next begins, or this one is given up; monotonic */
	struct timespec began; /* wall clock */
	long long began_ms;    /* since the container's start */
	char exec_id[65];      /* by which events name it */
};

/* What the out-of-memory killer did in this run. */
struct oom {
	int events; /* memory.events of the cgroup, -1 = none */
	unsigned long long kills;
};

struct monitor {
	struct plan *plan;
	int handed[3]; /* the caller's standard streams, which the container gets; -1 = it gets
			  others */
	int directory; /* the container's, locked; -1 once it is given up */
	int donor;     /* pidfd of the container that is joined; during a start only */
	struct shared shared;
	struct net_attachment network;
	struct services services;
	struct streams streams;
	struct clients clients;
	struct log log;
	struct step_sources sources; /* of a step */
	char *cgroup_parent;	     /* the scope's, NULL = none was entered */
	char *cgroup_path;
	int cgroup; /* -1 = none */
	struct stragglers stragglers;
	struct oom oom;
	int signals; /* signalfd */
	bool reaped;
	int wait_status;
	pid_t pid;
	int pidfd;		    /* -1 before the start */
	pid_t fuse;		    /* serves the root filesystem, or 0 */
	struct together together;   /* with it; during a start only */
	struct identity process;    /* the same, for the state */
	struct timespec started_at; /* wall clock */
	struct timespec started;    /* monotonic */
	struct exit_report ended;
	struct restart restart;
	bool restarting; /* waits for the next start */
	struct timespec restart_at;
	off_t hosts_size;     /* of the hosts file before the first address; -1 = none */
	char last_error[512]; /* why the last restart failed */
	bool stopped_by_user; /* it must not be started again */
	struct pause pause;
	struct health health;
	struct prober prober;
	char started_event[64];
	bool stopping; /* asked to end: the container is killed when it does not follow in time */
	struct timespec kill_at;
	struct retry uplink_retry;   /* its death is not watched for until then */
	struct retry services_retry; /* a server that could not be had */
};

/* What the caller of `run` hands to its monitor. */
struct monitor_request {
	struct plan *plan;
	const char *prepared; /* directory of what is to be in force, NULL = it is */
	int client;	      /* connected socket */
	struct attachment attached;
	struct early_client *early; /* who is connected besides */
	size_t early_count;
	int handed[3];	     /* as in struct monitor */
	struct winsize size; /* of the client's terminal, zeros = not known */
};

/* The monitor's whole life, in a process of its own. */
void monitor_main(const struct monitor_request *request) __attribute__((noreturn));

#endif
