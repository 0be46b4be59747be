#!/bin/sh
# Runs one command of an image build with a folder as its root, in fresh user, mount and pid namespaces:
#   build-root.sh --root DIR --tools DIR [MOUNT]… [--ids UID GID] --cwd DIR -- COMMAND ARG…
# MOUNT, in this order: --overlay UPPER LOWER WORK TO | --bind FROM TO | --bind-ro FROM TO | --tmpfs TO OPTIONS | --proc TO | --dev TO
# A constant script: its arguments are only ever used as words, never evaluated.
# Exit code: the command's own; 125 when its root could not be made.

give_up() {
  echo "pushway: could not $1 for the build's command" >&2
  exit 125
}

# A mount that the outer namespace made keeps the flags it has there; an ordinary user may not take them away.
read_only() {
  mount -n -o remount,bind,ro "$1" 2>/dev/null || mount -n -o remount,bind,ro,nosuid,nodev "$1" 2>/dev/null ||
    mount -n -o remount,bind,ro,nosuid,nodev,noexec "$1" 2>/dev/null || give_up "make $1 read-only"
}

PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022
root= tools= uid= gid= cwd=/
while [ $# -gt 0 ]; do
  case $1 in
    --root) root=$2; shift 2 ;;
    --tools) tools=$2; shift 2 ;;
    --overlay) # UPPER LOWER WORK TO
      mount -n -t overlay -o "lowerdir=$3,upperdir=$2,workdir=$4,userxattr" pushway "$5" 2>/dev/null ||
        mount -n -t overlay -o "lowerdir=$3,upperdir=$2,workdir=$4" pushway "$5" || give_up "lay $2 over $3"
      shift 5
      ;;
    --bind) mount -n --rbind "$2" "$3" || give_up "mount $2"; shift 3 ;;
    --bind-ro) mount -n --bind "$2" "$3" || give_up "mount $2"; read_only "$3"; shift 3 ;;
    --tmpfs) mount -n -t tmpfs -o "uid=0,gid=0,$3" pushway "$2" || give_up "mount a tmpfs on $2"; shift 3 ;;
    --proc) mount -n -t proc proc "$2" 2>/dev/null || mount -n --rbind /proc "$2" || give_up "mount $2"; shift 2 ;;
    --dev)
      mount -n -t tmpfs -o uid=0,gid=0,mode=0755,size=64m pushway "$2" || give_up "mount $2"
      for device in null zero full random urandom tty; do
        : >"$2/$device" && mount -n --bind "/dev/$device" "$2/$device" || give_up "give /dev/$device"
      done
      ln -s /proc/self/fd "$2/fd" && ln -s fd/0 "$2/stdin" && ln -s fd/1 "$2/stdout" && ln -s fd/2 "$2/stderr" || give_up "make $2"
      mkdir -m 1777 "$2/shm" || give_up "make $2"
      shift 2
      ;;
    --ids) uid=$2 gid=$3; shift 3 ;;
    --cwd) cwd=$2; shift 2 ;;
    --) shift; break ;;
    *) echo "pushway: build-root.sh does not know $1" >&2; exit 125 ;;
  esac
done

# The last program that is not the image's own needs its libraries, and nothing else of this machine.
# A command that climbs out of the image's root finds only these.
mount -n -t tmpfs -o uid=0,gid=0,mode=0755,size=1m pushway "$tools" || give_up "make a root"
mkdir "$tools/usr" "$tools/etc" "$tools/image" "$tools/old" "$tools/proc" || give_up "make a root"
mount -n --bind /usr "$tools/usr" && read_only "$tools/usr" || give_up "mount /usr"
for dir in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$dir" ]; then ln -s "$(readlink "/$dir")" "$tools/$dir" || give_up "make a root"
  elif [ -d "/$dir" ]; then mkdir "$tools/$dir" && mount -n --bind "/$dir" "$tools/$dir" && read_only "$tools/$dir" || give_up "mount /$dir"; fi
done
[ ! -e /etc/ld.so.cache ] || cp /etc/ld.so.cache "$tools/etc/" || give_up "make a root"
mount -n --rbind "$root" "$tools/image" || give_up "mount the image"
mount -n -t proc proc "$tools/proc" 2>/dev/null || mount -n --rbind /proc "$tools/proc" || give_up "make a root"
exec 3>&- </dev/null
cd "$tools" && pivot_root . old && cd / && umount -n -c -i -l /old || give_up "change the root"


# Docker's own list: what a RUN needs, and no rights over mounts, devices or the kernel.
caps=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap
exec setpriv --bounding-set="$caps" --inh-caps=-all --ambient-caps=-all -- \
  unshare --root=/image --wd="$cwd" ${uid:+--setgid} ${uid:+"$gid"} ${uid:+--setuid} ${uid:+"$uid"} -- "$@"
