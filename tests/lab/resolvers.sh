# The validating resolvers. Sourced by up.
# shellcheck shell=bash

write_unbound() { # NAME ADDRESS [cache|nocache]
  mkdir -p "$dir/$1"
  cat >"$dir/$1/root.hints" <<CONF
. 3600000 NS a.root-servers.test.
a.root-servers.test. 3600000 A $parents4
CONF
  cat >"$dir/$1/unbound.conf" <<CONF
server:
  interface: $2
  port: 53
  username: ""
  chroot: ""
  directory: "$dir/$1"
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  do-not-query-localhost: no
  access-control: 0.0.0.0/0 allow
  local-zone: "test." nodefault
  root-hints: "$dir/$1/root.hints"
  trust-anchor-file: "$dir/root.key"
  module-config: "validator iterator"
  qname-minimisation: yes
  val-log-level: 2
  log-servfail: yes
  outgoing-num-tcp: 50
  incoming-num-tcp: 50
$([[ ${3:-cache} == cache ]] || printf '  cache-max-ttl: 0\n  cache-max-negative-ttl: 0\n')
remote-control:
  control-enable: yes
  control-interface: "$dir/$1/control"
  control-use-cert: no
CONF
}

write_resolvers() {
  write_unbound validator "$validator4"
  write_unbound nocache "$nocache4" nocache
  local i
  for i in 0 1 2 3; do write_unbound "probe$((i + 1))" "${probe4[$i]}"; done
}

resolvers=(validator nocache probe1 probe2 probe3 probe4)
start_unbound() { start "$1" unbound -d -c "$dir/$1/unbound.conf"; }
# trust-ad: the resolver stands on this host, so its word on what is validated counts.
write_resolv_conf() { printf 'nameserver %s\noptions edns0 trust-ad\n' "$1"; } # ADDRESS

flush() { inside unbound-control -q -c "$dir/$1/unbound.conf" "$2" "$3"; } # RESOLVER flush|flush_zone NAME
