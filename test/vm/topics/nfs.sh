# shellcheck shell=bash
# A store on NFS: the server lets nobody but its own root give files away. Owners and modes are kept in attributes there, and
# fuse-overlayfs shows them.

# The default image's files and two more, of other owners.
IMAGE_OF_OWNERS='./lighter create --name plain lighter/hello >/dev/null && ./lighter export -o owners.tar plain && ./lighter rm plain >/dev/null &&
  mkdir -p more/home/app more/etc && echo secret >more/etc/secret && cd more &&
  tar -rf ../owners.tar --owner=:1000 --group=:1001 --mode=2750 home/app && tar -rf ../owners.tar --owner=:0 --group=:42 --mode=0640 etc/secret && cd'

# on_nfs COMMANDS: for the guest's shell, in which `lighter` has its store on NFS.
on_nfs() { dev "lighter() { XDG_DATA_HOME=/nfs/dev/share ./lighter \"\$@\"; }; $1"; }

test_nfs() {
  local text inside
  root 'install -d -o dev -g dev /export/dev && mkdir -p /nfs && echo "/export 127.0.0.1(rw,async,no_subtree_check,root_squash)" >/etc/exports &&
    systemctl restart nfs-kernel-server && exportfs -ra && mount -t nfs -o vers=4.2 127.0.0.1:/export /nfs'
  dev "$IMAGE_OF_OWNERS"
  text=$(on_nfs 'lighter doctor | grep -v "^ok"')
  check 'nfs: doctor says how owners are kept' 'limited +owners of files +cannot give a file in /nfs/dev/share/lighter to another id: Operation not permitted: owners are kept in attributes' "$text"
  text=$(on_nfs 'rm -f /nfs/dev/share/lighter/probes.json; lighter import owners.tar owners:1; lighter run --rm --network none owners:1 true; lighter run --rm --network none owners:1 echo again')
  check 'nfs: an image with several owners is imported' '^sha256:[0-9a-f]{64}'$'\n' "$text"
  check 'nfs: what is unusual is said once' 'WARNING: owners of files are kept in attributes: /nfs/dev/share/lighter \(nfs\) refuses to give files away'$'\n''again'$'\n' "$text"
  text=$(on_nfs 'lighter info')
  check 'nfs: info says it' 'Owners of files: kept in attributes: /nfs/dev/share/lighter \(nfs\)' "$text"
  inside='stat -c "%n %u:%g %a" /home/app /etc/secret /tmp'
  text=$(on_nfs "lighter run --rm --network none owners:1 sh -c '$inside'")
  check 'nfs: owners and modes are the image'"'"'s' '^/home/app 1000:1001 2750'$'\n''/etc/secret 0:42 640'$'\n' "$text"
  text=$(on_nfs "lighter run --rm --network none -u 1000 owners:1 sh -c 'cat /etc/secret; ls /home/app && echo open'")
  check 'nfs: they count' '^cat: .*/etc/secret.*: Permission denied'$'\n''open'$'\n' "$text"
  test_nfs_changes
  text=$(on_nfs 'lighter rmi owners:1 >/dev/null; lighter system check; lighter ps -aq')
  check 'nfs: the store is whole at the end' '^Checked [0-9]+ images?, .* 0 damaged'$'\n''$' "$text"
  root 'umount /nfs; systemctl stop nfs-kernel-server; rm -r /export/dev' >/dev/null
}

test_nfs_changes() {
  local text change look
  change='umask 027; echo x >/file; chown 33:44 /file; chmod 4750 /file; chown 7:8 /home/app; echo more >>/etc/secret; mkdir /new; rm /etc/passwd'
  look='stat -c "%n %u:%g %a" /file /home/app /etc/secret /new'
  text=$(on_nfs "lighter run --name changed --network none owners:1 sh -c '$change; $look'; lighter diff changed | sort")
  local seen='/file 33:44 4750'$'\n''/home/app 7:8 2750'$'\n''/etc/secret 0:42 640'$'\n''/new 0:0 750'
  same 'nfs: a container gives files away, and diff tells of it' "$seen"$'\n''A /file'$'\n''A /new'$'\n''C /etc'$'\n''C /etc/secret'$'\n''C /home'$'\n''C /home/app'$'\n''D /etc/passwd' "$text"
  text=$(on_nfs "lighter commit changed owners:2 >/dev/null; lighter run --rm --network none owners:2 sh -c '$look'; lighter rmi owners:2 >/dev/null")
  same 'nfs: commit keeps owners and modes' "$seen" "$text"
  text=$(on_nfs 'lighter export changed | tar --numeric-owner -tvf - file etc/secret | cut -d" " -f1,2; lighter cp -a changed:/file - | tar --numeric-owner -tvf - | cut -d" " -f1,2')
  same 'nfs: export and cp have them' '-rw-r----- 0/42'$'\n''-rwsr-x--- 33/44'$'\n''-rwsr-x--- 33/44' "$(sort <<<"$text")"
  text=$(on_nfs 'echo y >in; lighter cp in changed:/home/app/; lighter start -a changed; lighter rm changed')
  check 'nfs: a container starts again' '/file 33:44 4750'$'\n''.*'$'\n''changed'$'\n''$' "$text"
  text=$(on_nfs "lighter run -d --name killed --network none owners:1 sh -c 'chown 5:6 /tmp; exec sleep 1201'; $WAIT"'wait_until "pgrep -xf \"sleep 1201\""; kill -9 $(lighter inspect -f "{{.State.Pid}}" killed); lighter wait killed; lighter start killed; lighter exec killed stat -c %u:%g /tmp; lighter rm -f killed')
  check 'nfs: after a kill the owners are there' $'\n''5:6'$'\n''killed'$'\n''$' "$text"
}
