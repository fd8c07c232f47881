import { sh, topic } from '../suite.ts'

export default topic('top-port', [
  {
    name: 'top',
    script: sh`docker run -d --name px busybox sleep 1000 >/dev/null; docker top px | awk '{print NF > 7 ? 8 : NF, $NF}'; docker top px | head -1`,
  },
  {
    name: 'top with columns',
    script: sh`docker run -d --name px busybox sleep 1000 >/dev/null; docker top px -o comm,args,pid | sed 's/[0-9]*$//'; docker top px -eo comm`,
  },
  {
    name: 'top shows only its own',
    script: sh`docker run -d --name px busybox sh -c 'sleep 1000 & sleep 1001' >/dev/null; for n in 1000 1001; do until_says "[0-9]  *sleep $n$" docker top px -eo pid,args; done; docker top px -eo pid,args | sed 's/^ *[0-9]* *//' | sort`,
  },
  { name: 'top without a pid column', script: sh`box px; docker top px -o user` },
  {
    name: 'top with a bad option',
    script: sh`box px; docker top px --nosuch`,
    phrases: ['Error response from daemon: ps'],
  },
  { name: 'top of what is stopped', script: sh`docker run --name px busybox true; docker top px` },
  { name: 'top of what is not there', script: sh`docker top nosuch` },
  { name: 'top of nothing', script: sh`docker top` },
  { name: 'port of none', script: sh`box px; docker port px; docker port px 80` },
  { name: 'port of what is not there', script: sh`docker port nosuch` },
  { name: 'port of nothing', script: sh`docker port` },
  { name: 'port with a bad number', script: sh`box px; docker port px x` },
  {
    name: 'published ports',
    script: sh`box px -p 127.0.0.1:18501:80 -p 18502:53/udp; docker port px; docker port px 80; docker port px 80/tcp; docker port px 53/udp; docker port px 53; docker ps --format '{{.Ports}}'`,
  },
  {
    name: 'ways to write a port',
    script: sh`box px -p 127.0.0.1:18503:80
      for port in 80 80/ 80/tcp 80/TCP 80/tcp/x 80/tcp/ 80// 80/udp 080 +80 /tcp / '' 70000 80-81; do echo "- $port"; code docker port px "$port" 2>&1; done`,
  },
])
