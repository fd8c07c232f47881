# shellcheck shell=bash
# Bare machines for `npm run test:bare`: Debian minbase with sudo, Node and npm, and nothing else. Each is a directory that is
# entered with its own mounts, processes and /dev; whatever was started there ends with the command that entered.

# The Debian that this machine runs, from where it gets its own packages, with what its apt, npm and TLS must know to get there.
debian_sources() {
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u
}

# make_base DIRECTORY: once; later runs find it.
make_base() {
  [[ ! -e $1/complete ]] || return 0
  local tree=$1/tree suite mirror
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(debian_sources | awk -v suite="$suite" '$3 == suite { print $2; exit }')
  rm -rf --one-file-system "$tree" && mkdir -p "$1/archives/partial" || return
  debootstrap --variant=minbase --include=sudo "$suite" "$tree" "$mirror" || return
  debian_sources >"$tree/etc/apt/sources.list"
  apt-config dump | grep '^Acquire::' >"$tree/etc/apt/apt.conf.d/99host"
  copy_node "$tree" && touch "$1/complete"
}

# Node with the libraries it asks for, npm, and the certificates that npm and apt shall trust here.
copy_node() {
  local node npm
  node=$(readlink -f "$(command -v node)") npm=$(npm root --global)/npm
  (ldd "$node" | grep -o '/[^ ]*'; echo /usr/local/share/ca-certificates) | while read -r path; do
    [[ -e $1$path ]] || cp -aL --parents "$path" "$1"
  done
  cp "$node" "$1/usr/bin/node"
  mkdir -p "$1/usr/lib/node_modules" "$1/usr/etc"
  cp -aL "$npm" "$1/usr/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$1/usr/bin/npx"
  npm config get globalconfig | xargs cat 2>/dev/null >"$1/usr/etc/npmrc" || true
}

# new_machine BASE DIRECTORY: with a user `dev` who may use sudo, and a clean clone of this repository in /srv/lighter.
new_machine() {
  cp -a "$1/tree" "$2"
  chroot "$2" useradd --create-home --shell /bin/bash dev
  echo 'dev ALL=(ALL) NOPASSWD: ALL' >"$2/etc/sudoers.d/dev"
  rm -f "$2"/etc/sub[ug]id "$2"/etc/sub[ug]id-
  git clone -q --no-hardlinks . "$2/srv/lighter"
}

# Runs as the first process of a machine: $1 is its directory, $2 the packages fetched before, $3 the user, the rest the command.
# shellcheck disable=SC2016 # all of it is for the shell inside
INSIDE='
  set -eu
  root=$1 archives=$2 user=$3
  shift 3
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount -t tmpfs -o mode=755 run "$root/run"
  mount --bind "$archives" "$root/var/cache/apt/archives"
  mount -t tmpfs -o mode=755 dev "$root/dev"
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
  done
  mknod -m 666 "$root/dev/tty" c 5 0
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  for stream in 0:stdin 1:stdout 2:stderr; do
    ln -s "/proc/self/fd/${stream%:*}" "$root/dev/${stream#*:}"
  done
  cat /etc/resolv.conf >"$root/etc/resolv.conf"
  hostname bare
  printf "127.0.0.1 localhost bare\n" >"$root/etc/hosts"
  cd "$root"
  pivot_root . mnt
  umount -l /mnt
  cd /srv/lighter
  if [ "$user" = root ]; then
    set -- env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
  else
    chown -R "$user:" .
    set -- setpriv --reuid "$user" --regid "$user" --init-groups \
      env -i HOME="/home/$user" PATH=/usr/local/bin:/usr/bin:/bin "$@"
  fi
  # Not by exec: the first process has to wait for those that lost their parent.
  "$@" && exit || exit
'

# enter MACHINE USER COMMAND [ARGUMENT...]; UNSHARE holds more flags of unshare.
enter() {
  # shellcheck disable=SC2086 # a list
  unshare --mount --pid --ipc --uts ${UNSHARE-} --fork --kill-child sh -c "$INSIDE" sh "$1" "$BASE/archives" "${@:2}" </dev/null 9>&-
}
