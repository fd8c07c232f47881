import { sh, topic } from '../suite.ts'

/** `make CONFIG MANIFEST` loads an archive of these two documents, and of the files that are there. */
const MAKE = sh`
  make() { echo "$1" >config.json; echo "$2" >manifest.json; tar -c * | code docker load; }
  layer() { tar -c --files-from /dev/null >layer.tar; id=$(sha256sum layer.tar | cut -d' ' -f1); }
  of() { echo '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:'"$1"'"]}}'; }
  WRONG=1111111111111111111111111111111111111111111111111111111111111111`

const EMPTY = '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}'

const NO_PATH =
  'what the archive lacks is called by its name there, and not by a path of the daemon'
const noFile = (name: string) => ({
  why: NO_PATH,
  stderr: [`open ${name}: no such file or directory`],
})

export default topic('save-load', [
  {
    name: 'a round trip through a file',
    script: sh`docker tag busybox px:1; docker save -o a.tar px:1; stat -c %a a.tar; docker rmi px:1; code docker load -i a.tar; docker image inspect -f '{{.Id}} {{.RepoTags}}' px:1 >one; docker image inspect -f '{{.Id}}' busybox >two; grep -c "$(cat two)" one; docker rmi px:1`,
  },
  {
    name: 'a round trip through pipes',
    script: sh`docker tag busybox px:1; docker save px:1 | docker load; docker save px:1 | docker load -q; docker rmi px:1 >/dev/null`,
  },
  {
    name: 'what is in the archive',
    script: sh`docker tag busybox px:1; docker save px:1 >a.tar; tar -tf a.tar | grep -v blobs/sha256/.; tar -xOf a.tar manifest.json | tr ',' '\n' | grep -e RepoTags -e Config; tar -xOf a.tar oci-layout | tr -d ' '; docker rmi px:1 >/dev/null`,
  },
  {
    name: 'annotations of names',
    script: sh`docker tag busybox px:1; docker save px:1 | tar -xO index.json | grep -o '"annotations":{[^}]*}'; docker rmi px:1 >/dev/null`,
  },
  {
    name: 'all tags of a repository',
    script: sh`docker tag busybox px:1; docker tag busybox px:2; docker tag busybox other/px:3; docker save px other/px:3 | tar -xO manifest.json | grep -o '"RepoTags":[^]]*.'; docker rmi px:1 px:2 other/px:3 >/dev/null`,
  },
  {
    name: 'by id there are no names',
    script: sh`docker save $(docker image inspect -f '{{.Id}}' busybox) >a.tar; tar -tf a.tar | grep -c -x repositories; tar -xOf a.tar manifest.json | grep -o '"RepoTags":null'; code docker load -i a.tar`,
  },
  {
    name: 'by a short id',
    script: sh`docker save $(docker images -q busybox) | docker load`,
  },
  {
    name: 'an image twice, by name and id',
    script: sh`docker save busybox busybox:latest $(docker images -q busybox) | docker load`,
  },
  {
    name: 'two images',
    script: sh`docker create --name px busybox >/dev/null; docker commit px px-image >/dev/null; docker save -o a.tar busybox px-image; docker rm px >/dev/null; docker rmi px-image >/dev/null; docker load -i a.tar | sort; docker run --rm px-image echo ran; docker rmi px-image >/dev/null`,
  },
  {
    name: 'a name that has another image',
    script: sh`docker tag busybox px:1; docker save -o a.tar px:1; docker create --name px busybox >/dev/null; docker commit px px:1 >/dev/null; docker rm px >/dev/null; docker load -i a.tar; docker images --format '{{.Repository}}:{{.Tag}}' | sort; docker rmi px:1; docker images -q --filter dangling=true | xargs -r docker rmi >/dev/null`,
  },
  {
    name: 'a compressed archive',
    script: sh`docker save busybox >a.tar; gzip -c a.tar | docker load; gzip -c a.tar >a.tar.gz; docker load -i a.tar.gz`,
  },
  {
    name: 'events',
    script: sh`docker tag busybox px:1; s=$(date +%s); docker save px:1 | docker load; docker events --since $s --until $(($(date +%s) + 1)) --filter event=save --filter event=load --format '{{.Action}} {{.Actor.Attributes.name}}' | sort -u; docker rmi px:1 >/dev/null`,
  },
  { name: 'save of a tag that is not there', script: sh`docker save busybox:nosuch | cat` },
  {
    name: 'save of what is not there',
    script: sh`code docker save nosuch; code docker save -o a.tar busybox nosuch; ls`,
  },
  {
    name: 'save of an id that is not there',
    script: sh`code docker save 0123456789ab; code docker save sha256:11`,
  },
  {
    name: 'save of a digest that is not there',
    script: sh`code docker save busybox@sha256:1111111111111111111111111111111111111111111111111111111111111111`,
  },
  {
    name: 'save of no name',
    script: sh`code docker save BAD; code docker save ''; code docker save busybox:`,
  },
  { name: 'save of nothing', script: sh`docker save` },
  {
    name: 'save to where nobody can write',
    script: sh`code docker save -o /no/such/file busybox; code docker save -o /dev/null busybox; mkdir d; docker save -o d busybox 2>&1 | sed 's/temp_[0-9]*/temp/'; ls -A`,
  },
  { name: 'load of a file that is not there', script: sh`docker load -i nosuch` },
  { name: 'load with an operand', script: sh`docker load a.tar` },
  {
    name: 'load of nothing',
    script: sh`docker load </dev/null`,
    differs: noFile('manifest.json'),
  },
  {
    name: 'load of an archive with something else',
    script: sh`echo x >f; tar -c f | docker load`,
    differs: noFile('manifest.json'),
  },
  { name: 'load of a few bytes', script: sh`echo garbage | docker load` },
  {
    name: 'load of what is no archive',
    script: sh`head -c 20000 /dev/zero | tr '\0' x | docker load`,
  },
  {
    name: 'load of the beginning of an archive',
    script: sh`docker save busybox >a.tar; head -c 300000 a.tar | code docker load; head -c 300032 a.tar | code docker load; gzip -c a.tar | head -c 300000 | code docker load`,
  },
  {
    name: 'manifests that are none',
    script: sh`${MAKE}
      make '' null
      make '' '[]'
      make '' x
      make '{}' '[{"Config":"config.json","RepoTags":["px:1"],"Layers":[]}]'
      make 'zz' '[{"Config":"config.json","RepoTags":["px:1"],"Layers":[]}]'`,
  },
  {
    name: 'an image without layers',
    script: sh`${MAKE}
      make '${EMPTY}' '[{"Config":"config.json","RepoTags":["px:1"],"Layers":[]}]'
      make '${EMPTY}' '[{"Config":"config.json","RepoTags":["px:1"],"Layers":["l"]}]'
      docker rmi px:1 >/dev/null`,
  },
  {
    name: 'a configuration that is not there',
    script: sh`${MAKE}
      make '' '[{"Config":"nosuch","RepoTags":["px:1"],"Layers":[]}]'`,
    differs: noFile('nosuch'),
  },
  {
    name: 'a layer that is not there',
    script: sh`${MAKE}
      make "$(of $WRONG)" '[{"Config":"config.json","RepoTags":["px:1"],"Layers":["nosuch"]}]'`,
    differs: noFile('nosuch'),
  },
  {
    name: 'a layer that is another',
    script: sh`${MAKE}
      layer; make "$(of $WRONG)" '[{"Config":"config.json","RepoTags":["px:1"],"Layers":["layer.tar"]}]'`,
  },
  {
    name: 'layers that are no archives',
    script: sh`${MAKE}
      echo garbage >layer.tar; id=$(sha256sum layer.tar | cut -d' ' -f1)
      make "$(of $id)" '[{"Config":"config.json","RepoTags":["px:1"],"Layers":["layer.tar"]}]'
      head -c 5000 /dev/zero | tr '\0' x >layer.tar; id=$(sha256sum layer.tar | cut -d' ' -f1)
      make "$(of $id)" '[{"Config":"config.json","RepoTags":["px:1"],"Layers":["layer.tar"]}]'`,
  },
  {
    name: 'an image of another system',
    script: sh`${MAKE}
      make '{"os":"windows","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}' '[{"Config":"config.json","RepoTags":["px:1"],"Layers":[]}]'`,
  },
  {
    name: 'names that are none',
    script: sh`${MAKE}
      layer
      make "$(of $id)" '[{"Config":"config.json","RepoTags":["PX:1"],"Layers":["layer.tar"]}]'
      make "$(of $id)" '[{"Config":"config.json","RepoTags":["px"],"Layers":["layer.tar"]}]'
      make "$(of $id)" '[{"Config":"config.json","RepoTags":["px@sha256:'$WRONG'"],"Layers":["layer.tar"]}]'
      docker images -q --filter dangling=true | xargs -r docker rmi >/dev/null`,
  },
  {
    name: 'links to layers, and a name twice',
    script: sh`${MAKE}
      layer; mkdir a; mv layer.tar a/real; ln -s a/real soft; ln a/real hard; ln -s ../soft a/up
      make "$(of $id)" '[{"Config":"config.json","RepoTags":["px:1","px:1"],"Layers":["soft"]},{"Config":"config.json","RepoTags":["px:2"],"Layers":["hard"]},{"Config":"config.json","RepoTags":["px:3"],"Layers":["./a/up"]}]'
      docker rmi px:1 px:2 px:3 >/dev/null`,
  },
  {
    name: 'images without a name',
    script: sh`${MAKE}
      layer; of $id >second.json
      make "$(of $id) " '[{"Config":"config.json","RepoTags":["px:1"],"Layers":["layer.tar"]},{"Config":"second.json","Layers":["layer.tar"]}]'
      docker rmi px:1 >/dev/null; docker images -q --filter dangling=true | xargs -r docker rmi >/dev/null`,
    differs: {
      why: 'each image that has no name is told by its id, and no other; Docker tells the ids of all when the last one has no name',
      stdout: ['Loaded image: px:1', 'Loaded image ID: sha256:<digest>', '= 0'],
    },
  },
  {
    name: 'with a layer that is known',
    script: sh`${MAKE}
      tar -c --files-from /dev/null >layer.tar; of $(sha256sum layer.tar | cut -d' ' -f1) >config.json
      echo '[{"Config":"config.json","RepoTags":["px:1"],"Layers":["layer.tar"]}]' >manifest.json
      tar -c config.json layer.tar manifest.json | docker load; tar -c config.json manifest.json | docker load; docker rmi px:1 >/dev/null`,
  },
])
