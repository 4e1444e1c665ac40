# Names and addresses of the lab, and what its scripts share. Sourced, not run.
# shellcheck shell=bash

# Where Debian keeps servers, and what the PATH of a user who calls sudo leaves out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

# Every lab has a namespace of its own and so a loopback of its own: the addresses are the same in all of them.
parents4=127.0.53.1
primary4=127.0.53.2 primary6=fd53::2
backdoor4=127.0.53.4 # of the primary: transfers from here, but no NOTIFY
secondary4=127.0.53.3 secondary6=fd53::3
validator4=127.0.53.10
nocache4=127.0.53.11
probe4=(127.0.53.21 127.0.53.22 127.0.53.23 127.0.53.24)
pebble4=127.0.53.30
receiver4=127.0.25.1 receiver6=fd53::25
cases4=127.0.25.2
plain4=127.0.25.3
dead4=127.0.25.4 # nothing listens there
sender4=127.0.25.9
addresses=(
  "$parents4" "$primary4" "$backdoor4" "$secondary4" "$validator4" "$nocache4" "${probe4[@]}" "$pebble4"
  "$receiver4" "$cases4" "$plain4" "$sender4" "$primary6" "$secondary6" "$receiver6"
)

# The clock of one process alone: FAKETIME_TIMESTAMP_FILE names a file with its offset. BIND cannot be run with it.
faketime=/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1

fail() {
  echo "$(realpath --relative-to="$root" "$0"): $*" >&2
  exit 1
}

# Starts the script anew as root. env, because sudo's secure_path would win over --preserve-env=PATH.
need_root() {
  [[ $EUID -eq 0 ]] && return
  local kept=("PATH=$PATH") variable
  for variable in DOTNET_ROOT CI ROLLOVERD_BINARY ROLLOVERD_SEED ROLLOVERD_SEEDS UPDATE_GOLDEN; do
    if [[ -n ${!variable:-} ]]; then kept+=("$variable=${!variable}"); fi
  done
  exec sudo env "${kept[@]}" "$0" "$@"
}

# As the person who called sudo, so that what is built belongs to them.
as_caller() {
  if [[ -z ${SUDO_USER:-} ]]; then "$@"; return; fi
  sudo -H -u "$SUDO_USER" env PATH="$PATH" ${DOTNET_ROOT:+DOTNET_ROOT="$DOTNET_ROOT"} "$@"
}

# Prints the lines of a script's own head comment as its help.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# Sets name, netns, link and dir from --name NAME or --dir DIR; leaves the other words in rest.
parse_common() {
  name="" dir="" rest=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --name | --dir)
        [[ $# -gt 1 ]] || fail "$1 wants a value; see $0 --help"
        if [[ $1 == --name ]]; then name=$2; else dir=$(realpath -m "$2"); fi
        shift 2
        ;;
      --help) usage; exit 0 ;;
      --) shift; rest+=("$@"); break ;;
      *) rest+=("$1"); shift ;;
    esac
  done
  if [[ -z $name && -f $dir/lab.env ]]; then name=$(sed -n 's/^name=//p' "$dir/lab.env"); fi
  name=${name:-lab}
  [[ $name =~ ^[a-z0-9-]+$ ]] || fail "a lab's name has small letters, digits and hyphens only, not '$name'"
  netns=rolloverd-$name
  link=/run/$netns
  if [[ -z $dir && -L $link ]]; then dir=$(readlink -f "$link"); fi
}

# Loads the environment of a lab that is up.
load_lab() {
  [[ -n $dir && -f $dir/lab.env ]] || fail "no lab '$name' is up; start it with tests/lab/up --name $name"
  # shellcheck disable=SC1091
  source "$dir/lab.env"
}

inside() { ip netns exec "$netns" "$@"; }

finger() { inside env MAIL_CONFIG="$sender" posttls-finger -c -l dane-only "$@" 2>&1 || true; }

# Waits until a command succeeds, looking every 50 ms; fails after so many seconds.
wait_for() {
  local seconds=$1 what=$2
  shift 2
  local end=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    [[ $SECONDS -lt $end ]] || fail "$what did not come within $seconds s: $*"
    sleep 0.05
  done
}

# Starts a server in the background, in the namespace, its output in DIR/log/NAME, its pid in DIR/pids/NAME. The pid is
# the server's own, and that of its process group, because ip and setsid replace themselves by what they run; a shell
# function in their place ("inside") would stay as a parent. It inherits no file: a lock or a pipe of whoever started
# the lab would not end before the server does.
start() { # NAME COMMAND...
  local server=$1
  shift
  (
    for fd in /proc/"$BASHPID"/fd/*; do
      fd=${fd##*/}
      if ((fd > 2)); then exec {fd}>&-; fi
    done
    exec ip netns exec "$netns" setsid "$@"
  ) </dev/null >>"$dir/log/$server" 2>&1 &
  echo $! >"$dir/pids/$server"
  disown
}

# Of a process and its group; the group is there once setsid has run.
signal() { kill -"$1" -- "-$2" 2>/dev/null || kill -"$1" "$2" 2>/dev/null; } # SIGNAL PID
is_gone() { # PID: a zombie is gone, whoever reaps it when
  ! ps -e -o pgid=,pid=,stat= | awk -v pid="$1" '($1 == pid || $2 == pid) && $3 !~ /^Z/ { n++ } END { exit !n }'
}
end_process() { # PID
  signal TERM "$1" || true
  (wait_for 5 "the end of $1" is_gone "$1") 2>/dev/null || signal KILL "$1" || true
  wait_for 5 "the end of $1" is_gone "$1"
}

is_running() { [[ -f $dir/pids/$1 ]] && ! is_gone "$(cat "$dir/pids/$1")"; } # NAME

stop() { # NAME
  [[ -f $dir/pids/$1 ]] || return 0
  end_process "$(cat "$dir/pids/$1")"
  rm -f "$dir/pids/$1"
}

start_named() { start "$1" named -f -c "$dir/$1/named.conf"; }

answers() { inside dig +time=1 +tries=1 +short "@$1" "$2" SOA | grep -q .; }
opens() { inside bash -c "exec 3<>/dev/tcp/$1/$2"; } # ADDRESS PORT
validates() { inside dig +time=1 +tries=1 "@$1" "$2" SOA | grep -q 'flags:.* ad'; }

# The data of a certificate's 3 1 1 record.
fingerprint() {
  openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1
}
