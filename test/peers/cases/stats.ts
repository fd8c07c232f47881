import { sh, topic } from '../suite.ts'

export default topic('stats', [
  { name: 'the table', script: sh`box px; docker stats --no-stream px | head -1` },
  {
    name: 'a template',
    script: sh`box px; docker stats --no-stream --format '{{.Name}} {{.Container}} {{.ID}}' px`,
  },
  {
    name: 'the table of a template',
    script: sh`box px; docker stats --no-stream --format 'table {{.Name}}\t{{.CPUPerc}}\t{{.PIDs}}' px | head -1`,
  },
  {
    name: 'json',
    script: sh`box px; docker stats --no-stream --format json px | jq -r 'keys_unsorted | join(" ")'`,
  },
  {
    name: 'what runs',
    script: sh`box px1; docker create --name px2 busybox >/dev/null; docker stats --no-stream --format '{{.Name}}'; docker stats -a --no-stream --format '{{.Name}}' | sort`,
  },
  {
    name: 'a stopped one',
    script: sh`docker create --name px busybox >/dev/null; docker stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}' px`,
  },
  {
    name: 'the whole id',
    script: sh`box px; docker stats --no-stream --no-trunc --format '{{.ID}}' px`,
  },
  { name: 'what is not there', script: sh`docker stats --no-stream nosuch` },
  {
    name: 'a bad template',
    script: sh`box px; docker stats --no-stream --format '{{.Nosuch}}' px`,
  },
  { name: 'nothing runs', script: sh`docker stats --no-stream` },
])
