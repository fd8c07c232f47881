# shellcheck shell=bash
# The journal of the host as a log.

JOURNALD="./lighter run --log-driver journald --log-opt tag={{.Name}}/{{.ImageName}} --log-opt labels=com.example.team --log-opt env=STAGE -e STAGE=test --label com.example.team=red"

test_journald() {
  local text id
  id=$(dev "$JOURNALD -d --name spoken lighter/hello sh -c 'echo one; echo two >&2; head -c 20000 /dev/zero | tr \"\\\\0\" x; echo; printf end'; ./lighter wait spoken" | head -n 1)
  check 'a container that writes to the journal' '^[0-9a-f]{64}$' "$id"
  text=$(dev "./lighter logs spoken 2>/dev/null | tr -s x | cut -c 1-20; ./lighter logs spoken 2>&1 >/dev/null")
  same 'logs reads all of it back, to the right streams' $'one\nx\nend\ntwo' "$text"
  text=$(dev "./lighter logs spoken 2>/dev/null | wc -c")
  same 'a long line is whole again' 20008 "$text"
  text=$(dev "journalctl --all --output=json CONTAINER_ID_FULL=$id | jq -c 'select(.MESSAGE == \"one\" or .MESSAGE == \"two\") | [.CONTAINER_ID, .CONTAINER_NAME, .CONTAINER_TAG, .IMAGE_NAME, .SYSLOG_IDENTIFIER, .PRIORITY, .COM_EXAMPLE_TEAM, .STAGE]'")
  same 'the fields are those of Docker' "[\"${id:0:12}\",\"spoken\",\"spoken/lighter/hello\",\"lighter/hello\",\"spoken/lighter/hello\",\"6\",\"red\",\"test\"]"$'\n'"[\"${id:0:12}\",\"spoken\",\"spoken/lighter/hello\",\"lighter/hello\",\"spoken/lighter/hello\",\"3\",\"red\",\"test\"]" "$text"
  text=$(dev "journalctl --all --output=json CONTAINER_ID_FULL=$id CONTAINER_PARTIAL_MESSAGE=true | jq -c '[.CONTAINER_PARTIAL_ORDINAL, .CONTAINER_PARTIAL_LAST, (.MESSAGE | length)]'")
  check 'parts of a long line say so' '^\["1","false",16384\]'$'\n''\["1","false",3\]'$'\n' "$text"
  text=$(dev './lighter logs --details --tail 1 spoken; echo; ./lighter logs -t spoken 2>&1 | cut -c 1-11')
  check '--details' '^COM_EXAMPLE_TEAM=red,STAGE=test end' "$text"
  check '--timestamps' $'\n''20[0-9]{2}-[0-9]{2}-[0-9]{2}T'$'\n' "$text"
  text=$(dev 'first=$(./lighter logs -t spoken 2>/dev/null | head -n 1 | cut -d " " -f 1); second=$(./lighter logs -t spoken 2>&1 >/dev/null | cut -d " " -f 1)
    ./lighter logs --since "$second" spoken 2>&1 | head -c 4; ./lighter logs --until "$first" spoken; ./lighter logs --until "$second" --tail 1 spoken 2>&1; ./lighter logs --tail 0 spoken; ./lighter logs -f --tail 1 spoken')
  same '--since, --until, --tail, -f of an ended one' $'two\none\ntwo\nend' "$text"
  text=$(dev "$JOURNALD -d --name follow lighter/hello sh -c 'for i in 1 2 3 4; do echo \$i; sleep 4; done' >/dev/null; $WAIT wait_until './lighter logs follow | grep 1'; ./lighter logs -f follow; ./lighter logs --tail 2 follow; ./lighter start follow >/dev/null; ./lighter logs -f --tail 0 follow")
  check '-f until the end' '^1'$'\n''2'$'\n''3'$'\n''4'$'\n''3'$'\n''4'$'\n' "$text"
  check '-f --tail 0 has what comes' '4'$'\n''([1-4]'$'\n'')?([1-4]'$'\n'')*4'$'\n' "$text"
  text=$(dev './lighter rm spoken follow >/dev/null; ./lighter run --rm --log-driver journald --log-opt mode=non-blocking --log-opt max-buffer-size=64k lighter/hello sh -c "seq 2000" | tail -n 1; ./lighter ps -a --format "{{.Names}}"')
  same 'mode=non-blocking' 2000 "$text"
  text=$(root "cd /home/dev; ./lighter run --name rooted --log-driver journald lighter/hello echo rooted >/dev/null; ./lighter logs rooted; ./lighter rm rooted; cd; mv /usr/bin/journalctl /root"; dev './lighter run -d --name unread --log-driver journald lighter/hello echo x >/dev/null; ./lighter logs unread'; root 'mv /root/journalctl /usr/bin')
  check "root's" '^rooted'$'\n' "$text"
  check 'without journalctl one sentence says so' $'\n''the log of unread is in the journal, and the program journalctl that reads it is not on this host'$'\n' "$text"
  text=$(root 'mv /var/log/journal /root; systemctl restart systemd-journald'; dev './lighter start unread; ./lighter logs unread'; root 'rm -rf /var/log/journal; mv /root/journal /var/log; systemctl restart systemd-journald; journalctl --flush')
  check 'a journal that the user may not read is named' 'cannot read the journal of this host: .*systemd-journal' "$text"
  dev './lighter rm unread' >/dev/null
}
