#!/bin/sh
# Runs one command with folders hidden: sh isolate.sh [--pid] [--over FILE TARGET]… [--hide DIR [--keep DIR | --keep-ro DIR]…]… -- COMMAND ARG…
# Must be started inside a fresh mount namespace (and, with --pid, a fresh pid namespace as its pid 1).
# A constant script: its arguments are only ever used as words, never evaluated.
# Exit code: the command's own; 128+n when signal n ended it; 125 when the folders could not be hidden.

give_up() {
  echo "pushway: could not hide $1 from the command" >&2
  exit 125
}

start=$PWD
# The command's own PATH must not choose the programs that hide folders.
its_path=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin
pid_namespace=
while [ $# -gt 0 ]; do
  case $1 in
    --pid) pid_namespace=1; shift ;;
    --over)
      # One file in place of another; it stays when its own folder is hidden afterwards.
      mount -n --bind "$2" "$3" || give_up "$3"
      shift 3
      ;;
    --hide)
      hidden=$2
      shift 2
      # The working directory keeps the way to what the empty folder covers, until everything kept is back.
      cd -- "$hidden" || give_up "$hidden"
      mount -n -t tmpfs -o nosuid,nodev,mode=0755,size=1m pushway "$hidden" || give_up "$hidden"
      ;;
    --keep | --keep-ro)
      # nosuid and nodev: a flag that the outer file system has may not be taken away by an ordinary user.
      flags=X-mount.mkdir=0755
      [ "$1" = --keep ] || flags=$flags,ro,nosuid,nodev
      mount -n -c --bind -o "$flags" "./${2#"$hidden"/}" "$2" || give_up "$hidden"
      shift 2
      ;;
    --) shift; break ;;
    *) echo "pushway: isolate.sh does not know $1" >&2; exit 125 ;;
  esac
done

# Enter the folder again by its name: the one we came in would still lead up to what is hidden.
cd -- "$start" 2>/dev/null || cd /
unset OLDPWD
PATH=$its_path

[ -n "$pid_namespace" ] || exec "$@"

# Pid 1 of the namespace: waits and reaps. A signal to the process group reaches the command directly, once;
# pid 1 itself is immune to signals it has no handler for. When it exits, the kernel ends whatever is left inside.
"$@"
exit $?
