# In the virtual machine: an OCI bundle with limits, run by lighter-native; prints what its cgroup said.
set -u
cd "$HOME"
native=$(ls -d .local/share/lighter/libexec/*/lighter-native | head -n 1)
place=$(cut -d: -f3 /proc/self/cgroup)
tree=/sys/fs/cgroup
if [ "${BUNDLE_PLACE:-}" != session ]; then
	# A cgroup with processes of its own gives no controllers to others.
	mkdir "$tree$place/caller" && echo $$ >"$tree$place/caller/cgroup.procs" || exit 1
fi
rm -rf bundle && mkdir -p bundle/rootfs/bin bundle/rootfs/proc bundle/rootfs/sys && cp /bin/busybox bundle/rootfs/bin
for applet in sh sleep tail; do ln -s busybox "bundle/rootfs/bin/$applet"; done

limited() { # NAME COMMAND
	cgroup=$tree$place/$1
	jq -n --arg command "$2" --arg cgroup "$place/$1" '{
	  ociVersion: "1.0.2", root: {path: "rootfs"},
	  process: {user: {uid: 0, gid: 0}, cwd: "/", args: ["sh", "-c", $command], env: ["PATH=/bin"]},
	  mounts: [{destination: "/proc", type: "proc", source: "proc"}],
	  linux: {
	    cgroupsPath: $cgroup,
	    namespaces: ["user", "pid", "mount", "ipc", "uts", "cgroup", "network"] | map({type: .}),
	    uidMappings: [{containerID: 0, hostID: 1000, size: 1}],
	    gidMappings: [{containerID: 0, hostID: 1000, size: 1}],
	    resources: {memory: {limit: 16777216, swap: 16777216}, pids: {limit: 12}, cpu: {quota: 20000, period: 100000}}
	  }
	}' >bundle/config.json
	"$native" --root "$HOME/oci" create --bundle "$HOME/bundle" "$1" || return
	for file in memory.max pids.max cpu.max; do printf '%s=%s ' "$file" "$(cat "$cgroup/$file")"; done
	echo
	"$native" --root "$HOME/oci" start "$1"
	for _ in $(seq 300); do
		[ "$("$native" --root "$HOME/oci" state "$1" | jq -r .status)" = stopped ] && break
		sleep 1
	done
	grep '^oom_kill ' "$cgroup/memory.events"
	"$native" --root "$HOME/oci" delete --force "$1"
	echo "left: $(find "$cgroup" -maxdepth 0 2>/dev/null | wc -l)"
}

limited memory 'tail /dev/zero'
limited pids 'i=0; while [ $i -lt 20 ]; do sleep 2 & i=$((i + 1)); done; wait'
