import { sh, topic } from '../suite.ts'

export default topic('update', [
  {
    name: 'a restart policy',
    script: sh`docker create --name px busybox >/dev/null; docker update --restart on-failure:4 px; docker inspect -f '{{json .HostConfig.RestartPolicy}}' px`,
  },
  {
    name: 'of a running one',
    script: sh`box px; docker update --restart always px; docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' px`,
  },
  {
    name: 'memory of a stopped one',
    script: sh`docker create --name px -m 64m busybox >/dev/null; docker update -m 32m --memory-swap 64m px; docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' px`,
  },
  {
    name: 'cpu shares and pids of a stopped one',
    script: sh`docker create --name px busybox >/dev/null; docker update -c 512 --pids-limit 10 px; docker inspect -f '{{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}}' px`,
  },
  {
    name: 'cpus of a stopped one',
    script: sh`docker create --name px busybox >/dev/null; docker update --cpus 0.5 px; docker inspect -f '{{.HostConfig.NanoCpus}} {{.HostConfig.CpuQuota}}' px`,
  },
  {
    name: 'several',
    script: sh`docker create --name px1 busybox >/dev/null; docker create --name px2 busybox >/dev/null; docker update --restart no px1 nosuch px2`,
  },
  {
    name: 'nothing to change',
    script: sh`docker create --name px busybox >/dev/null; docker update px`,
  },
  {
    name: 'a bad value',
    script: sh`docker create --name px busybox >/dev/null; docker update -m 5x px; docker update -m 1k px; docker update --restart nosuch px`,
  },
  { name: 'what is not there', script: sh`docker update --restart no nosuch` },
  { name: 'of nothing', script: sh`docker update; docker update --restart no` },
  {
    name: 'a policy for what goes with --rm',
    script: sh`docker create --rm --name px busybox >/dev/null; docker update --restart always px`,
  },
])
