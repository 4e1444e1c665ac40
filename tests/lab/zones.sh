# The three name servers: parents (root and test), primary and secondary of the zones below test. Sourced by up.
# shellcheck shell=bash disable=SC2154

rndc_key() {
  cat <<CONF
key "rndc" { algorithm hmac-sha256; secret "cm9sbG92ZXJkLWxhYi1ybmRjLWtleQ=="; };
controls { inet $1 port 953 allow { any; } keys { "rndc"; }; };
CONF
}

named_options() { # SERVER ADDRESS4 ADDRESS6
  cat <<CONF
options {
  directory "$dir/$1";
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "$dir/$1";
  listen-on { $2; }; listen-on-v6 { ${3:+$3;} };
  notify-source $2; transfer-source $2; ${3:+notify-source-v6 $3; transfer-source-v6 $3;}
  notify-delay 0; notify-rate 1000; serial-query-rate 1000; tcp-clients 500;
  recursion no; allow-transfer { any; }; dnssec-validation no; minimal-responses no; notify yes;
  key-directory "$dir/keys";
};
$(rndc_key "$2")
CONF
}

zone_head() { # ZONE NS-LINES...
  local zone=$1
  shift
  printf '$ORIGIN %s\n$TTL %s\n@ IN SOA ns1.example.test. hostmaster.example.test. 1 60 10 86400 %s\n' "$zone" "$ttl" "$ttl"
  printf '%s\n' "$@"
}

child_zones=(example.test hosting.test insecure.test bogus.test)

write_zones() {
  mkdir -p "$dir/keys" "$dir/parents" "$dir/primary" "$dir/secondary"
  local zone
  for zone in . test example.test hosting.test bogus.test; do
    dnssec-keygen -q -k default -K "$dir/keys" "$zone" >/dev/null 2>&1
  done

  local ns=("@ IN NS ns1.example.test." "@ IN NS ns2.example.test.")
  local glue=(
    "ns1.example.test. IN A $primary4" "ns1.example.test. IN AAAA $primary6"
    "ns2.example.test. IN A $secondary4" "ns2.example.test. IN AAAA $secondary6"
  )
  {
    zone_head . "@ IN NS a.root-servers.test." "a.root-servers.test. IN A $parents4" \
      "test. IN NS a.root-servers.test."
    dnssec-dsfromkey -2 "$dir"/keys/Ktest.+*.key
  } >"$dir/parents/root.zone"
  {
    zone_head test. "@ IN NS a.root-servers.test." "a.root-servers IN A $parents4" "${glue[@]}"
    for zone in "${child_zones[@]}"; do
      printf '%s. IN NS ns1.example.test.\n%s. IN NS ns2.example.test.\n' "$zone" "$zone"
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

  {
    echo 'key "rolloverd" { algorithm hmac-sha256; secret "'"$(openssl rand -base64 32)"'"; };'
  } >"$dir/tsig.key"
  echo 'key "rolloverd512" { algorithm hmac-sha512; secret "'"$(openssl rand -base64 64 | tr -d '\n')"'"; };' >"$dir/tsig512.key"
  chmod 600 "$dir"/tsig*.key
  grep -h 'IN DNSKEY' "$dir"/keys/K.+*.key >"$dir/root.key"
}

write_named() {
  {
    named_options parents "$parents4" ""
    printf 'zone "." { type primary; file "root.zone"; dnssec-policy default; inline-signing yes; };\n'
    printf 'zone "test" { type primary; file "test.zone"; dnssec-policy default; inline-signing yes; };\n'
  } >"$dir/parents/named.conf"

  {
    named_options primary "$primary4" "$primary6"
    printf 'include "%s";\ninclude "%s";\n' "$dir/tsig.key" "$dir/tsig512.key"
    local zone
    for zone in example.test hosting.test bogus.test; do
      cat <<CONF
zone "$zone" {
  type primary; file "$zone.zone"; dnssec-policy default; inline-signing no;
  allow-update { key "rolloverd"; key "rolloverd512"; };
};
CONF
    done
    printf 'zone "insecure.test" { type primary; file "insecure.test.zone"; allow-update { key "rolloverd"; }; };\n'
  } >"$dir/primary/named.conf"

  write_secondary_primaries "$primary4"
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

# A frozen secondary serves what it has: it has no primary to transfer from and listens to no NOTIFY.
write_secondary_primaries() {
  if [[ $1 == nobody ]]; then
    echo 'primaries { 127.0.53.99; }; allow-notify { none; };'
  else
    echo "primaries { $1; }; allow-notify { $primary4; $primary6; };"
  fi >"$dir/secondary/primaries.conf"
}

rndc_of() { # SERVER-ADDRESS COMMAND...
  local address=$1
  shift
  inside rndc -s "$address" -p 953 -k "$dir/rndc.key" "$@"
}
