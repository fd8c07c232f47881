import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

const ARCHIVE = sh`mkdir -p t/d; echo a >t/a; echo f >t/d/f; ln -s a t/l; ln t/a t/h; chmod 4711 t/d/f; find t -exec touch -hd @800000000 {} +
tar -C t --owner=5 --group=6 --numeric-owner -cf x.tar a d l h; rm -rf t`

/** One file `a`, packed by programs that an engine may lack. */
const PACKED = sh`
  echo KLUv/WQAJzUCAALDCRCwqQN/y05K4mP30stYNKIyBCahNZ+nJKTIAytKnn+/YcTOZnuzBAwgYLkO94UvEhQsMFwioV8nXwbznWz7APETxQJ0Dp16 | base64 -d >zst
  echo QlpoOTFBWSZTWRBiXjoAAHl7kNkQAAJAAG+EAADkAB4QBAAACCAAVDJNIehNDT1B6gbUSYQZA0B9ThowEJTiAhaXa0taQaSEJhXdPZgdgmgLqXQMk8mxJXz4ws1ei0kX8HXsQI+Ykgfi7kinChICDEvHQA== | base64 -d >bz2
  echo /Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Cf/AGldADCAM1AYaImDAdziU5IPeaVACxfLG5JiNSiinFNFXozWMe+C2JTNV35LxcSQ6qpduhWMweHq/avoOWTTDGgsJMpujd6bFbraWzxbRj36wCC07r8P0g8jNIKK7MQwVgc2xUsknBl7ZNMyAAAAAAB2d9EtrptkbwABhQGAUAAAjeCtMbHEZ/sCAAAAAARZWg== | base64 -d >x.tar.xz`

export default buildTopic('add', [
  {
    name: 'a file and a directory, as COPY',
    dockerfile: file`
      FROM scratch
      ADD f /1
      ADD d /2
      ADD --chown=1:2 --chmod=600 f /3
    `,
    files: sh`echo f >f; mkdir d; echo g >d/g`,
  },
  {
    name: 'an archive',
    dockerfile: file`
      FROM busybox
      ADD x.tar /to
      ADD x.tar /to2/
    `,
    files: ARCHIVE,
  },
  {
    name: 'archives in all compressions, whatever they are called',
    dockerfile: file`
      FROM scratch
      ADD x.tar.gz /gz/
      ADD gz.txt /txt/
      ADD bz2 /bz2/
      ADD x.tar.xz /xz/
    `,
    files: `${ARCHIVE}; gzip -k x.tar; cp x.tar.gz gz.txt\n${PACKED}`,
  },
  {
    name: 'an archive with zstd',
    dockerfile: file`
      FROM scratch
      ADD zst /zst/
    `,
    files: PACKED,
  },
  {
    name: 'an archive over what is there',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /to/a /to/d && echo old >/to/d/old && ln -s /etc /to/l
      ADD x.tar /to/
    `,
    files: ARCHIVE,
  },
  {
    name: 'an archive with an owner',
    dockerfile: file`
      FROM busybox
      ADD --chown=app:audio x.tar /to/
    `,
    files: ARCHIVE,
  },
  {
    name: 'an archive with a mode',
    dockerfile: file`
      FROM busybox
      ADD --chmod=600 x.tar /to/
    `,
    files: ARCHIVE,
  },
  {
    name: 'an archive and a file',
    dockerfile: file`
      FROM scratch
      ADD x.tar f /to/
      ADD *.tar /all/
    `,
    files: `${ARCHIVE}; echo f >f`,
  },
  {
    name: 'compressed files that are no archives',
    dockerfile: file`
      FROM scratch
      ADD f.gz fake.tar empty.tar /to/
    `,
    files: sh`echo f | gzip -n >f.gz; echo no archive >fake.tar; : >empty.tar`,
  },
  {
    name: 'an archive with --link',
    dockerfile: file`
      FROM busybox
      ADD --link x.tar /to/
    `,
    files: ARCHIVE,
  },
  {
    name: 'COPY leaves an archive alone',
    dockerfile: file`
      FROM scratch
      COPY x.tar /to/
    `,
    files: sh`printf 'x%.0s' $(seq 5) >x.tar`,
  },
  {
    name: 'an archive that leaves the root',
    dockerfile: file`
      FROM busybox
      ADD evil.tar /to/
    `,
    files: sh`mkdir t; echo evil >t/e; tar -C t --owner=0 --group=0 -cf evil.tar -P --transform 's,^e,../../../../evil,' e; rm -r t`,
  },
  {
    name: 'an archive through a link of its own',
    dockerfile: file`
      FROM busybox
      ADD evil.tar /to/
    `,
    files: sh`mkdir t; ln -s /etc t/l; tar -C t --owner=0 --group=0 -cf evil.tar l; rm t/l; mkdir t/l; echo x >t/l/x; tar -C t --owner=0 --group=0 -rf evil.tar l/x; rm -r t`,
  },
  {
    name: 'an archive with extended attributes of files',
    dockerfile: file`
      FROM scratch
      ADD caps.tar /
    `,
    files: sh`
      perl -e '
        sub block { my ($name, $type, $data, $mode) = @_;
          my $h = pack("a100 a8 a8 a8 a12 a12 A8 a1 a100 a6 a2 a32 a32 a8 a8 a155 x12", $name, sprintf("%07o", $mode), "0000000", "0000000", sprintf("%011o", length $data), "05753460400", "", $type, "", "ustar", "00", "", "", "0000000", "0000000", "");
          my $sum = unpack("%32C*", $h); substr($h, 148, 8) = sprintf("%06o\0 ", $sum);
          my $pad = (512 - length($data) % 512) % 512; return $h . $data . ("\0" x $pad); }
        my $caps = pack("VVVVV", 0x02000001, 0x0400, 0, 0, 0);
        my $rest = " SCHILY.xattr.security.capability=" . $caps . "\n"; my $len = length($rest) + 2;
        print block("pax", "x", $len . $rest, 0644), block("f", "0", "data\n", 0755), "\0" x 1024;
      ' >caps.tar`,
  },
  {
    name: 'from a server',
    dockerfile: file`
      FROM busybox
      ARG SERVER
      ADD $SERVER/f /1
      ADD $SERVER/f /dir/
      ADD --chmod=755 --chown=app $SERVER/f /2
      ADD $SERVER/sub/g $SERVER/f /both/
    `,
    before: sh`mkdir -p www/sub; echo f >www/f; echo g >www/sub/g; serve`,
    flags: '--build-arg SERVER=$server',
  },
  {
    name: 'an archive from a server stays one',
    dockerfile: file`
      FROM scratch
      ARG SERVER
      ADD $SERVER/x.tar /to/
    `,
    before: sh`mkdir www; printf 'some bytes' >www/x.tar; serve`,
    flags: '--build-arg SERVER=$server',
  },
  {
    name: 'a query and an escaped name',
    dockerfile: file`
      FROM scratch
      ARG SERVER
      ADD $SERVER/f?a=b /to/
      ADD $SERVER/a%20b /to/
    `,
    before: sh`mkdir www; echo f >www/f; echo ab >'www/a b'; serve`,
    flags: '--build-arg SERVER=$server',
  },
  {
    name: 'a checksum',
    dockerfile: file`
      FROM scratch
      ARG SERVER
      ADD --checksum=sha256:0b28e6fc5a1d8ab5bcdb1bf3dfb0a1ab1f3bcb0c2cb3a0c35bbdf9ea2c5bc1c6 $SERVER/f /
    `,
    before: sh`mkdir www; echo f >www/f; serve`,
    flags: '--build-arg SERVER=$server',
  },
  {
    name: 'the right checksum',
    dockerfile: file`
      FROM scratch
      ARG SERVER SUM
      ADD --checksum=$SUM $SERVER/f /
    `,
    before: sh`mkdir www; echo f >www/f; serve`,
    flags: '--build-arg SERVER=$server --build-arg SUM=sha256:$(sha256sum www/f | cut -d" " -f1)',
  },
  {
    name: 'a page that is not there',
    dockerfile: file`
      FROM scratch
      ARG SERVER
      ADD $SERVER/nosuch /
    `,
    before: sh`mkdir www; serve`,
    flags: '--build-arg SERVER=$server',
  },
  {
    name: 'a server that is not there',
    dockerfile: file`
      FROM scratch
      ADD http://127.0.0.1:1/f /
    `,
    phrases: ['dial tcp <server>: connect: connection refused'],
  },
  {
    name: 'an address without a name for a directory',
    dockerfile: file`
      FROM scratch
      ARG SERVER
      ADD $SERVER/ /dir/
    `,
    before: sh`mkdir www; echo index >www/index.html; serve`,
    flags: '--build-arg SERVER=$server',
  },
  {
    name: 'a checksum of a file of the context',
    dockerfile: file`
      FROM scratch
      ADD --checksum=sha256:0b28e6fc5a1d8ab5bcdb1bf3dfb0a1ab1f3bcb0c2cb3a0c35bbdf9ea2c5bc1c6 f /
    `,
    files: sh`echo f >f`,
  },
  {
    name: 'a checksum that is none',
    dockerfile: file`
      FROM scratch
      ADD --checksum=md5:abc http://127.0.0.1:1/f /
    `,
  },
  {
    name: 'a text in place of a file',
    dockerfile: file`
      FROM scratch
      ADD <<EOF /f
      text
      EOF
    `,
  },
])
