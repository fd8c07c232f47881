# shellcheck shell=bash
# What doctor says while something is missing.

# broken WHAT BREAK PATTERN [MEND]: what doctor says while something is broken, and that the commands it prints mend it;
# where those need a package mirror, MEND does.
broken() {
  local before after
  root "$2" >/dev/null
  before=$(dev './lighter doctor')
  check "doctor: $1" "$3" "$before"
  if [[ $# == 4 ]]; then
    root "$4" >/dev/null
  else
    root "$(sed -n 's/^ *\$ //p' <<<"$before" | sed 's/sudo //g')" >/dev/null
  fi
  after=$(dev './lighter doctor | grep -v "^ok"')
  same "doctor: $1, mended" '' "$after"
}

test_doctor() {
  root 'loginctl enable-linger dev; cp /etc/subuid /root/subuid' >/dev/null
  broken 'user namespaces are switched off' 'sysctl user.max_user_namespaces=0' \
    'missing +user namespaces +the limit user\.max_user_namespaces is 0'
  broken 'no subordinate user ids' ': >/etc/subuid' 'dev has no range in /etc/subuid.*usermod --add-subuids [0-9-]+ dev'
  root 'cp /root/subuid /etc/subuid' >/dev/null
  broken 'newuidmap has lost its privilege' 'chmod u-s /usr/bin/newuidmap' \
    'missing +id map.*newuidmap is neither setuid.*--reinstall uidmap' 'chmod u+s /usr/bin/newuidmap'
  broken 'no newuidmap' 'mv /usr/bin/newuidmap /root' 'not installed.*apt-get install -y uidmap' \
    'mv /root/newuidmap /usr/bin'
  broken 'the tun device is closed' 'chmod 600 /dev/net/tun' '/dev/net/tun +cannot be opened'
  broken 'no slirp4netns' 'mv /usr/bin/slirp4netns /root' 'not installed.*apt-get install -y slirp4netns' \
    'mv /root/slirp4netns /usr/bin'
  broken 'controllers are not delegated' 'cd /etc/systemd/system/user@.service.d; printf "[Service]\nDelegate=\nDelegate=pids\n" >delegate.conf; systemctl daemon-reload; systemctl restart user@1000' \
    'cgroup delegation +not delegated: cpu'
}
