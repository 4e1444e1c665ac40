# The ACME server. Sourced by up.
# shellcheck shell=bash

write_pebble() {
  mkdir -p "$dir/pebble"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=lab ACME root" \
    -addext basicConstraints=critical,CA:TRUE -keyout "$dir/pebble/ca.key" -out "$dir/pebble/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=pebble" \
    -keyout "$dir/pebble/key.pem" -out "$dir/pebble/csr.pem" 2>/dev/null
  openssl x509 -req -in "$dir/pebble/csr.pem" \
    -CA "$dir/pebble/ca.pem" -CAkey "$dir/pebble/ca.key" -CAcreateserial -days 30 \
    -extfile <(printf 'subjectAltName=IP:%s,DNS:localhost' "$pebble4") -out "$dir/pebble/cert.pem" 2>/dev/null
  cat >"$dir/pebble/config.json" <<CONF
{ "pebble": {
  "listenAddress": "$pebble4:14000", "managementListenAddress": "$pebble4:15000",
  "certificate": "$dir/pebble/cert.pem", "privateKey": "$dir/pebble/key.pem",
  "httpPort": 5002, "tlsPort": 5001, "ocspResponderURL": "",
  "externalAccountBindingRequired": false
} }
CONF
}

start_pebble() {
  start pebble env PEBBLE_CHAIN_LENGTH=2 PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT="$nonce_reject" \
    PEBBLE_AUTHZREUSE="$authz_reuse" \
    pebble -config "$dir/pebble/config.json" -strict -dnsserver "$nocache4:53"
}
