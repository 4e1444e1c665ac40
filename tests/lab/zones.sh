# The three name servers: parents (root and test), primary and secondary of the zones below test. Sourced by up.
# shellcheck shell=bash

named_options() { # SERVER ADDRESS4 [ADDRESS6 [MORE-ADDRESSES4]]
  # Unbound takes over what an answer repeats of the NS records; what none repeats it keeps for its TTL.
  local minimal=yes
  if [[ $ns_ttl == "$ttl" ]]; then minimal=no; fi
  cat <<CONF
options {
  directory "$dir/$1";
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "$dir/$1";
  listen-on { $2; ${4:+$4;} }; listen-on-v6 { ${3:+$3;} };
  notify-source $2; transfer-source $2; ${3:+notify-source-v6 $3; transfer-source-v6 $3;}
  notify-delay 0; notify-rate 1000; serial-query-rate 1000; tcp-clients 500;
  recursion no; allow-transfer { any; }; dnssec-validation no; minimal-responses $minimal; notify yes;
  key-directory "$dir/keys";
};
logging {
  channel here { stderr; print-time yes; print-category yes; severity info; };
  category default { here; };
};
include "$dir/rndc.key";
include "$dir/policy.conf";
controls { inet $2 port 953 allow { any; } keys { "rndc"; }; };
CONF
}

zone_head() { # ZONE NS-LINES...
  local zone=$1
  shift
  # shellcheck disable=SC2016
  printf '$ORIGIN %s\n$TTL %s\n@ IN SOA ns1.example.test. hostmaster.example.test. 1 60 10 86400 %s\n' \
    "$zone" "$ttl" "$ttl"
  printf '%s\n' "$@"
}

child_zones=(example.test hosting.test insecure.test bogus.test)

write_key() { # NAME ALGORITHM BYTES FILE
  local secret
  secret=$(openssl rand -base64 "$3" | tr -d '\n')
  (umask 077 && echo "key \"$1\" { algorithm $2; secret \"$secret\"; };" >"$4")
}

write_keys() {
  write_key rndc hmac-sha256 32 "$dir/rndc.key"
  write_key rolloverd hmac-sha256 32 "$dir/tsig.key"
  write_key rolloverd512 hmac-sha512 64 "$dir/tsig512.key"
  cat >"$dir/policy.conf" <<CONF
dnssec-policy "lab" {
  keys { csk lifetime unlimited algorithm ecdsap256sha256; };
  dnskey-ttl ${ttl}s;
$([[ $signatures == 0 ]] || printf '  signatures-%s;\n' "validity $signatures" "validity-dnskey $signatures" \
  "refresh $((signatures / 2))" "jitter 0")
};
CONF
}

write_zones() {
  mkdir -p "$dir/keys" "$dir/parents" "$dir/primary" "$dir/secondary"
  local zone
  for zone in . test example.test hosting.test bogus.test; do
    dnssec-keygen -q -k lab -l "$dir/policy.conf" -K "$dir/keys" "$zone" >/dev/null 2>&1
  done

  local ns=("@ $ns_ttl IN NS ns1.example.test." "@ $ns_ttl IN NS ns2.example.test.")
  local glue=(
    "ns1.example.test. $ns_ttl IN A $primary4" "ns1.example.test. $ns_ttl IN AAAA $primary6"
    "ns2.example.test. $ns_ttl IN A $secondary4" "ns2.example.test. $ns_ttl IN AAAA $secondary6"
  )
  # Unbound follows a delegation no longer than those above it.
  local above=86400
  if [[ $ns_ttl == "$ttl" ]]; then above=$ttl; fi
  local roots=("@ $above IN NS a.root-servers.test." "a.root-servers.test. $above IN A $parents4")
  {
    zone_head . "${roots[@]}" "test. $above IN NS a.root-servers.test."
    dnssec-dsfromkey -2 "$dir"/keys/Ktest.+*.key
  } >"$dir/parents/root.zone"
  {
    zone_head test. "${roots[@]}" "${glue[@]}"
    for zone in "${child_zones[@]}"; do
      printf "$zone. $ns_ttl IN NS %s\n" ns1.example.test. ns2.example.test.
    done
    dnssec-dsfromkey -2 "$dir"/keys/Kexample.test.+*.key
    dnssec-dsfromkey -2 "$dir"/keys/Khosting.test.+*.key
    echo "bogus.test. IN DS 12345 13 2 $(printf 'no key has this digest' | sha256sum | cut -d' ' -f1)"
  } >"$dir/parents/test.zone"

  {
    zone_head example.test. "${ns[@]}" "${glue[@]}" \
      "@ IN MX 10 mx1" "mx1 IN A $receiver4" "mx1 IN AAAA $receiver6"
  } >"$dir/primary/example.test.zone"
  zone_head hosting.test. "${ns[@]}" >"$dir/primary/hosting.test.zone"
  zone_head insecure.test. "${ns[@]}" "@ IN MX 10 mx" "mx IN A $cases4" >"$dir/primary/insecure.test.zone"
  zone_head bogus.test. "${ns[@]}" "@ IN MX 10 mx" "mx IN A $cases4" >"$dir/primary/bogus.test.zone"

  grep -h 'IN DNSKEY' "$dir"/keys/K.+*.key >"$dir/root.key"
}

write_named() {
  {
    named_options parents "$parents4" ""
    printf 'zone "." { type primary; file "root.zone"; dnssec-policy lab; inline-signing yes; };\n'
    printf 'zone "test" { type primary; file "test.zone"; dnssec-policy lab; inline-signing yes; };\n'
  } >"$dir/parents/named.conf"

  {
    named_options primary "$primary4" "$primary6" "$backdoor4"
    printf 'include "%s";\ninclude "%s";\n' "$dir/tsig.key" "$dir/tsig512.key"
    local zone
    for zone in example.test hosting.test bogus.test; do
      cat <<CONF
zone "$zone" {
  type primary; file "$zone.zone"; dnssec-policy lab; inline-signing no;
  allow-update { key "rolloverd"; key "rolloverd512"; };
};
CONF
    done
    printf 'zone "insecure.test" { type primary; file "insecure.test.zone"; allow-update { key "rolloverd"; }; };\n'
  } >"$dir/primary/named.conf"

  write_secondary_primaries normal
  {
    named_options secondary "$secondary4" "$secondary6"
    local zone
    for zone in "${child_zones[@]}"; do
      cat <<CONF
zone "$zone" { type secondary; file "$zone.zone"; include "$dir/secondary/primaries.conf"; notify no; };
CONF
    done
  } >"$dir/secondary/named.conf"
}

# Where the secondary takes its zones from, and what it hears of. BIND accepts a NOTIFY from every address named as a
# primary, whatever allow-notify says: so a deaf secondary must know the primary by another address.
write_secondary_primaries() { # normal|frozen|deaf
  case $1 in
    normal) echo "primaries { $primary4; }; allow-notify { $primary4; $primary6; };" ;;
    frozen) echo "primaries { 127.0.53.99; }; allow-notify { none; };" ;;
    deaf) echo "primaries { $backdoor4; }; allow-notify { none; };" ;;
  esac >"$dir/secondary/primaries.conf"
}

set_secondary() { # normal|frozen|deaf
  write_secondary_primaries "$1"
  rndc_of "$secondary4" reconfig
}

refresh_secondary() {
  local zone
  for zone in "${child_zones[@]}"; do rndc_of "$secondary4" refresh "$zone" >/dev/null; done
}

in_step() { [[ $(serial "$primary4" "$1") == "$(serial "$secondary4" "$1")" ]]; } # ZONE
serial() { inside dig +time=1 +tries=1 +short "@$1" "$2" SOA | cut -d' ' -f3; } # ADDRESS ZONE

rndc_of() { # SERVER-ADDRESS COMMAND...
  local address=$1
  shift
  inside rndc -s "$address" -p 953 -k "$dir/rndc.key" "$@"
}
