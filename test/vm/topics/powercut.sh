# shellcheck shell=bash
# Pulls, loads and builds of clients of the Engine API, and a power cut in them or just after them.

# big: an image with a layer of 24 MiB, in an archive and in a registry of the guest's own.
make_big() {
  "$VM" cp test/vm/registry.pl registry.pl
  dev 'mkdir -p big layout && printf "FROM lighter/hello\nRUN dd if=/dev/urandom of=/big bs=1M count=24\n" >big/Dockerfile &&
    ./lighter build -q -t big big && ./lighter run --rm big sha256sum /big >big.sum && ./lighter save -o big.tar big && tar -C layout -xf big.tar
    mkdir -p slow quick && printf "FROM lighter/hello\nCOPY Dockerfile /\nRUN dd if=/dev/urandom of=/built bs=1M count=24 && sleep 1311\n" >slow/Dockerfile && tar -C slow -cf slow.tar .
    printf "FROM lighter/hello\nRUN dd if=/dev/urandom of=/built bs=1M count=24\n" >quick/Dockerfile && tar -C quick -cf quick.tar .
    ./lighter rmi big; ./lighter builder prune -af; sync' >/dev/null
}

# begin NAME COMMAND...: for the guest's shell; it goes on without the session.
# registry: the guest's own, until the machine goes.
# shellcheck disable=SC2016 # the guest's shell expands it
BEGIN='begin() { local name=$1; shift; systemd-run --user --quiet --collect --unit "lightertest-$name" --working-directory "$HOME" -E XDG_RUNTIME_DIR -- "$@"; };
  registry() { begin registry perl registry.pl layout; wait_until "perl -MIO::Socket::INET -e \"exit ! IO::Socket::INET->new(q(127.0.0.1:5000))\""; };'
PULL="'/images/create?fromImage=127.0.0.1:5000/big&tag=latest'"

# whole WHEN: what the store is after a boot, before anything else was done.
whole() {
  local text
  root "$WAIT"'wait_until "systemctl --user -M dev@ is-active sockets.target"' >/dev/null
  text=$(dev './lighter system check --max 0s; echo "code $?"')
  check "powercut $1: the store is whole" ' 0 damaged(, [0-9]+ leftovers?)?'$'\n''code 0'$'\n' "$text"
  check "powercut $1: the service answers" '^200'$'\n''OK' "$(dev "$API api GET /_ping")"
}

# all_work WHEN: the same again, and to the end.
all_work() {
  local text
  text=$(dev "$API $WAIT $BEGIN rm -f half layout/stall*; registry
    api POST $PULL | tail -n 2; ./lighter run --rm 127.0.0.1:5000/big sha256sum /big | cmp - big.sum && echo pulled
    api POST /images/load @big.tar; ./lighter run --rm big sha256sum /big | cmp - big.sum && echo loaded
    api POST '/build?t=built' @quick.tar | tail -n 2; ./lighter run --rm built sh -c 'stat -c %s /built'")
  check "powercut $1: the pull" 'Status: (Downloaded newer image|Image is up to date) for .*'$'\n''pulled'$'\n' "$text"
  check "powercut $1: the load" 'Loaded image: big:latest.*'$'\n''loaded'$'\n' "$text"
  check "powercut $1: the build" 'Successfully tagged built:latest.*'$'\n''25165824'$'\n' "$text"
}

test_powercut() {
  local how text
  serve
  make_big
  # What was written is in memory, or on the disk.
  for how in unwritten written; do
    dev "$WAIT $BEGIN touch layout/stall; registry; begin pull perl api.pl POST $PULL"'
      begin load env HALF=half perl api.pl POST /images/load @big.tar; begin build perl api.pl POST "/build?t=built" @slow.tar
      wait_until "[ -e half ] && [ -e layout/stalled ] && pgrep -xf \"sleep 1311\""' >/dev/null
    text=$(dev 'ls half layout/stalled; pgrep -cxf "sleep 1311"')
    same "powercut $how: pull, load and build are under way" $'half\nlayout/stalled\n1' "$text"
    [[ $how == unwritten ]] || dev sync
    restart powercut
    whole "$how"
    text=$(dev './lighter images --format "{{.Repository}}"; ./lighter ps -aq; pgrep -c lighter-monitor')
    same "powercut $how: what was not done is not there" $'lighter/hello\n0' "$text"
    all_work "$how"
    dev './lighter rmi big built 127.0.0.1:5000/big; ./lighter builder prune -af; sync' >/dev/null
  done
  # Of the round before this one nothing is left but the registry.
  dev 'systemctl --user stop lightertest-registry' >/dev/null
  all_work 'at the end'
  restart powercut
  whole 'at the end'
  text=$(dev './lighter run --rm 127.0.0.1:5000/big sha256sum /big | cmp - big.sum && ./lighter run --rm big sha256sum /big | cmp - big.sum && ./lighter run --rm built stat -c %s /built')
  same 'powercut at the end: what was told to be done is there' 25165824 "$text"
  text=$(dev './lighter rmi big built 127.0.0.1:5000/big >/dev/null; ./lighter builder prune -af >/dev/null; ./lighter system check --repair --max 0s; ./lighter system check --max 0s; ./lighter system service --uninstall >/dev/null; rm -rf big* slow* quick* layout half')
  check 'powercut: nothing is left over' 'Checked 1 image, 3 blobs, 1 layer, 0 containers: 0 damaged'$'\n''$' "$text"
}
