# shellcheck shell=bash
# Memory that runs out.

test_oom() {
  local text
  text=$(dev './lighter run --name eater -m 16m lighter/hello tail /dev/zero; echo "code $?"; ./lighter inspect eater | jq -c ".[0].State | [.Status, .OOMKilled, .ExitCode]"
    ./lighter events --since 1h --until 0s --filter container=eater --format "{{.Action}} {{.Actor.Attributes.exitCode}}"; ./lighter rm eater')
  check 'beyond its memory it ends with 137' 'code 137'$'\n' "$text"
  check 'inspect says why' '\["exited",true,137\]' "$text"
  check 'there is an oom event before that of the end' $'\n''oom [^'$'\n'']*'$'\n''die 137' "$text"
  text=$(dev "$WAIT"'./lighter run -d --name survivor -m 32m lighter/hello sleep 1111 >/dev/null; ./lighter exec survivor tail /dev/zero; echo "code $?"
    wait_until "./lighter inspect -f {{.State.OOMKilled}} survivor | grep true"
    ./lighter inspect survivor | jq -c ".[0].State | [.Status, .OOMKilled]"
    ./lighter events --since 1h --until 0s --filter container=survivor --filter event=oom --format "event {{.Action}}"; ./lighter rm -f survivor')
  check 'an exec beyond the memory is killed' 'code 137'$'\n' "$text"
  check 'the container lives and knows' '\["running",true\]'$'\n''event oom'$'\n' "$text"
}
