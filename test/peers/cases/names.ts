import { sh, topic } from '../suite.ts'

export default topic('names', [
  {
    name: 'a name that is taken',
    script: sh`docker create --name px busybox >/dev/null; docker run --name px busybox true`,
  },
  {
    name: 'names with a slash in front',
    script: sh`box px; docker inspect -f '{{.Name}}' /px; docker exec /px echo in`,
  },
  {
    name: 'a name is free after rm',
    script: sh`docker create --name px busybox >/dev/null; docker rm px; docker create --name px busybox | wc -c`,
  },
  {
    name: 'a prefix of the id',
    script: sh`id=$(docker create --name px busybox); docker inspect -f '{{.Name}}' \${id:0:7}`,
  },
  {
    name: 'a name wins over a prefix of an id',
    script: sh`
      id=$(docker create --name px busybox); docker create --name \${id:0:5} busybox >/dev/null; docker inspect -f '{{.Name}}' \${id:0:5} | wc -c`,
  },
  {
    name: 'an ambiguous prefix',
    script: sh`
      for i in $(seq 17); do docker create busybox; done | cut -c1 | sort | uniq -d | head -1 >prefix
      docker inspect $(cat prefix) 2>&1 | sed "s/ $(cat prefix)\$/ P/;s/: $(cat prefix)\$/: P/"; docker rm $(cat prefix) 2>&1 | sed "s/$(cat prefix)\$/P/"`,
  },
  {
    name: 'rename',
    script: sh`docker create --name px busybox >/dev/null; docker rename px py; docker ps -a --format '{{.Names}}'; docker inspect -f '{{.Name}}' py`,
  },
  {
    name: 'rename of a running one',
    script: sh`box px; docker rename px py; docker exec py echo in; docker exec px echo in`,
  },
  {
    name: 'rename to a taken name',
    script: sh`docker create --name px busybox >/dev/null; docker create --name py busybox >/dev/null; docker rename px py`,
  },
  {
    name: 'rename to its own name',
    script: sh`docker create --name px busybox >/dev/null; docker rename px px`,
  },
  {
    name: 'rename to a bad name',
    script: sh`docker create --name px busybox >/dev/null; docker rename px 'a b'`,
  },
  {
    name: 'rename to nothing',
    script: sh`docker create --name px busybox >/dev/null; docker rename px ''`,
  },
  { name: 'rename of what is not there', script: sh`docker rename nosuch px` },
  { name: 'rename with one name', script: sh`docker rename px` },
  {
    name: 'made-up names have two words',
    script: sh`docker create busybox >/dev/null; docker ps -a --format '{{.Names}}' | grep -cE '^[a-z]+_[a-z]+[0-9]?$'`,
  },
])
