import { sh, topic } from '../suite.ts'

const THREE = `docker create --name px1 busybox true >/dev/null
docker run --name px2 busybox sh -c 'exit 3'
box px3 -l a=1 -l b=two`

export default topic('ps', [
  { name: 'nothing', script: sh`docker ps -a` },
  {
    name: 'the running ones',
    script: sh`${THREE}
      docker ps`,
  },
  {
    name: 'all',
    script: sh`${THREE}
      docker ps -a`,
  },
  {
    name: 'quiet',
    script: sh`${THREE}
      docker ps -q; docker ps -aq | wc -l`,
  },
  {
    name: 'no-trunc',
    script: sh`${THREE}
      docker ps -a --no-trunc; docker ps -q --no-trunc`,
  },
  {
    name: 'the last ones',
    script: sh`${THREE}
      docker ps -n 2 --format '{{.Names}}'; docker ps -l --format '{{.Names}}'; docker ps -n 0 --format '{{.Names}}'; docker ps -n -1 --format '{{.Names}}'`,
  },
  { name: 'a number that is none', script: sh`docker ps -n many` },
  { name: 'size', script: sh`box px; docker ps -s` },
  {
    name: 'a template',
    script: sh`${THREE}
      docker ps -a --format '{{.ID}} {{.Names}} {{.Image}} {{.Command}} {{.Status}} {{.State}} {{.Ports}} {{.RunningFor}} {{.CreatedAt}}'`,
  },
  {
    name: 'a table',
    script: sh`${THREE}
      docker ps -a --format 'table {{.Names}}\t{{.Status}}\t{{.Label "b"}}'`,
  },
  {
    name: 'a table with text in it',
    script: sh`box px; docker ps --format 'table {{.Names}}: {{upper .State}}'`,
  },
  {
    name: 'labels',
    script: sh`${THREE}
      docker ps --format '{{.Labels}},|{{.Label "a"}}|{{.Label "none"}}' | tr , '\n' | sort`,
  },
  {
    name: 'mounts and networks',
    script: sh`box px -v px-m:/m --tmpfs /t; docker ps --format '{{.Mounts}}|{{.LocalVolumes}}|{{.Networks}}'`,
  },
  {
    // Docker's client gives the labels in any order.
    name: 'json',
    script: sh`box px -l a=1; docker ps --format json | jq -c '.Labels |= (split(",") | sort | join(","))'`,
  },
  {
    name: 'json by a template',
    script: sh`box px; docker ps --format '{{json .}}' | jq -r 'keys_unsorted | join(" ")'; docker ps --format '{{json .Names}}'`,
  },
  {
    name: 'pipelines and conditions',
    script: sh`${THREE}
      docker ps -a --format '{{if eq .State "running"}}on{{else}}off{{end}} {{.Names | printf "%-6s|"}} {{len .Names}}'`,
  },
  {
    name: 'string functions',
    script: sh`box px; docker ps --format '{{lower "ABC"}} {{title "abc"}} {{join (split "a,b" ",") "-"}} {{pad "x" 2 3}}| {{truncate "abcdef" 3}}'`,
  },
  { name: 'a template that does not end', script: sh`docker ps --format '{{'` },
  { name: 'a field that is none', script: sh`box px; docker ps --format '{{.Nosuch}}'` },
  { name: 'a function that is none', script: sh`docker ps --format '{{nosuch .ID}}'` },
  { name: 'an empty format', script: sh`box px; docker ps --format ''` },
  { name: 'raw', script: sh`box px; docker ps --format raw` },
  { name: 'quiet wins over a format', script: sh`box px; docker ps -q --format '{{.Names}}'` },
  {
    name: 'a long command is cut',
    script: sh`docker create busybox echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa >/dev/null; docker ps -a --format '{{.Command}}'; docker ps -a --no-trunc --format '{{.Command}}'`,
  },
  {
    name: 'exposed ports',
    script: sh`box px --expose 80 --expose 53/udp --expose 8000-8002; docker ps --format '{{.Ports}}'`,
  },
  { name: 'an argument', script: sh`docker ps nosuch` },
  {
    name: 'other names',
    script: sh`box px; docker container ls --format '{{.Names}}'; docker container list --format '{{.Names}}'; docker container ps --format '{{.Names}}'`,
  },
  {
    name: 'statuses',
    script: sh`
      docker create --name px1 busybox >/dev/null; docker run --name px2 busybox true; docker run --name px3 busybox sh -c 'exit 137'
      box px4; docker pause px4; docker ps -a --format '{{.Names}} {{.Status}} {{.State}}'; docker unpause px4`,
  },
  {
    name: 'the width of columns',
    script: sh`docker create --name px busybox >/dev/null; docker create --name a-longer-name busybox >/dev/null; docker ps -a --format 'table {{.Names}}\t{{.Image}}\t{{.Status}}' | tr ' ' _`,
  },
])
