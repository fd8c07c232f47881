# shellcheck shell=bash
# The service that systemd starts with its first client.

# ask PATH: what a client gets, head and all.
# shellcheck disable=SC2016 # the guest's shell expands it
ASK='ask() { perl -MIO::Socket::UNIX -e '"'"'
  my $s = IO::Socket::UNIX->new("$ENV{XDG_RUNTIME_DIR}/lighter/docker.sock") or die "no connection: $!";
  print $s "GET $ARGV[0] HTTP/1.0\r\n\r\n"; print <$s>'"'"' "$1"; };'

# shellcheck disable=SC2016
test_service() {
  check 'service: --install has systemd listen' 'Wrote .*lighter\.socket.*lighter\.socket is up:.*export DOCKER_HOST=unix:///run/user/1000/lighter/docker\.sock' \
    "$(dev './lighter system service --install')"
  same 'service: nothing runs before somebody asks' inactive \
    "$(dev 'systemctl --user is-active lighter.service')"
  same 'service: the socket is the user’s alone' '600 700' \
    "$(dev 'stat -c %a $XDG_RUNTIME_DIR/lighter/docker.sock $XDG_RUNTIME_DIR/lighter | paste -sd" "')"
  check 'service: the first client starts it' '^HTTP/1\.1 200 OK.*OK$' "$(dev "$ASK ask /_ping")"
  same 'service: it runs' active "$(dev 'systemctl --user is-active lighter.service')"
  check 'service: a container that gets the socket' 'srw------- +1 0 +0' \
    "$(dev './lighter run --rm -v /var/run/docker.sock:/var/run/docker.sock lighter/hello ls -ln /var/run/docker.sock')"
  dev './lighter run -d --name stays lighter/hello sleep 10000' >/dev/null
  dev 'systemctl --user stop lighter.service' >/dev/null
  check 'service: a container outlives it' 'stays' "$(dev './lighter ps --format {{.Names}}')"
  check 'service: the next client starts it again' '"Names":\["/stays"\]' \
    "$(dev "$ASK ask /containers/json")"
  check 'service: --background uses what systemd has' '^export DOCKER_HOST=unix:///run/user/1000/lighter/docker\.sock$' \
    "$(dev './lighter system service --background')"
  check 'service: --uninstall undoes it' 'Removed .*lighter\.socket' "$(dev './lighter system service --uninstall')"
  same 'service: nobody listens any more' 'inactive inactive' \
    "$(dev 'systemctl --user is-active lighter.socket lighter.service | paste -sd" "')"
  dev './lighter rm -f stays' >/dev/null
}
