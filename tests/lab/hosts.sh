# The cases: hosts that show what DANE makes of good and bad records. One Postfix serves them all and picks the
# certificate by SNI. Sourced by up.
# shellcheck shell=bash

# host         below example.test unless it has a dot
# address      cases (with STARTTLS), plain (without), or the name it is a CNAME of
# owner        of the records: own, or @ZONE when _25._tcp.HOST is a CNAME into ZONE.test
# certificate  good, expired or othername, and what is served after it; all are issued by int, which root issued
# records      their data is taken from leaf, int, root or other (a certificate that nobody serves)
# verdict      of posttls-finger -l dane-only
cases_table() {
  cat <<'TABLE'
c301            |cases|own      |good         |3 0 1 leaf            |verified    |the certificate's SHA-256
c302            |cases|own      |good         |3 0 2 leaf            |verified    |the certificate's SHA-512
c311            |cases|own      |good         |3 1 1 leaf            |verified    |the key's SHA-256
c312            |cases|own      |good         |3 1 2 leaf            |verified    |the key's SHA-512
c310            |cases|own      |good         |3 1 0 leaf            |verified    |the whole key
c201            |cases|own      |good+int+root|2 0 1 root            |verified    |the root's SHA-256
c202            |cases|own      |good+int     |2 0 2 int             |verified    |the issuer's SHA-512
c211            |cases|own      |good+int     |2 1 1 int             |verified    |the issuer's key, SHA-256
c212            |cases|own      |good+int+root|2 1 2 root            |verified    |the root's key, SHA-512
two             |cases|own      |good         |3 1 1 leaf,3 1 1 other|verified    |the records of two keys
mixedusage      |cases|own      |good+int     |3 1 1 other,2 1 1 int |verified    |stale usage 3, matching usage 2
stale512        |cases|own      |good         |3 1 1 leaf,3 1 2 other|not verified|stale SHA-512 beats matching SHA-256
stale256        |cases|own      |good         |3 1 2 leaf,3 1 1 other|verified    |stale SHA-256 beside matching SHA-512
mismatch        |cases|own      |good         |3 1 1 other           |not verified|a record of another key
expired3        |cases|own      |expired      |3 1 1 leaf            |verified    |expired under usage 3
expired2        |cases|own      |expired+int  |2 1 1 int             |not verified|expired under usage 2
name3           |cases|own      |othername    |3 1 1 leaf            |verified    |wrong name under usage 3
name2           |cases|own      |othername+int|2 1 1 int             |not verified|wrong name under usage 2
noroot          |cases|own      |good+int     |2 1 1 root            |not verified|the root is named but not served
noint           |cases|own      |good         |2 1 1 int             |not verified|the issuer is named but not served
unusable        |cases|own      |good+int     |1 1 1 leaf,0 1 1 int,4 1 1 leaf,3 1 7 leaf|no dane|PKIX or unknown
notlsa          |cases|own      |good         |                      |no dane     |no record at all
cname           |c311 |own      |             |                      |verified    |a CNAMEd host, records at its target
cnameown        |notlsa|own      |good         |3 1 1 leaf            |verified    |a CNAMEd host, its own records
cnametlsa       |cases|@hosting |good         |3 1 1 leaf            |verified    |a CNAMEd owner in another zone
cnameinsecure   |cases|@insecure|good         |3 1 1 leaf            |no dane     |a CNAMEd owner, unsigned
cnamebogus      |cases|@bogus   |good         |3 1 1 leaf            |error       |a CNAMEd owner, validation fails
plain           |plain|own      |good         |3 1 1 leaf            |error       |no STARTTLS
mx.insecure.test|cases|own      |good         |3 1 1 leaf            |no dane     |matching records in an unsigned zone
mx.bogus.test   |cases|own      |good         |3 1 1 leaf            |error       |matching records, validation fails
TABLE
}

write_cases() {
  mkdir -p "$dir/cases"
  write_case_authorities
  local host address owner certificate records verdict shows
  while IFS='|' read -r host address owner certificate records verdict shows; do
    [[ $host == *.* ]] || host+=.example.test
    if [[ -n $certificate ]]; then write_case_chain "$host" "$certificate"; fi
    write_case_address "$host" "$address"
    write_case_records "$host" "$owner" "$records"
    printf '%s\t%s\t%s\n' "$host" "$shows" "$verdict" >>"$dir/cases.tsv"
  done < <(cases_table | sed 's/ *| */|/g')
  write_cases_postfix
}

write_case_address() { # HOST ADDRESS
  case $2 in
    cases) echo "$1. IN A $cases4" ;;
    plain) echo "$1. IN A $plain4" ;;
    *) echo "$1. IN CNAME $2.example.test." ;;
  esac >>"$dir/primary/${1#*.}.zone"
}

write_case_records() { # HOST OWNER RECORD,RECORD...
  local at=_25._tcp.$1 usage selector matching from
  if [[ $2 == @* ]]; then
    echo "$at. IN CNAME ${1%%.*}.${2#@}.test." >>"$dir/primary/${1#*.}.zone"
    at=${1%%.*}.${2#@}.test
  fi
  while read -r usage selector matching from; do
    [[ -n $usage ]] || continue
    if [[ $from == leaf ]]; then from=$1; fi
    echo "$at. IN TLSA $usage $selector $matching $(association "$selector" "$matching" "$dir/cases/$from.crt")"
  done <<<"${3//,/$'\n'}" >>"$dir/primary/$(zone_of "$at").zone"
}

zone_of() { # NAME: every zone here has two labels
  local above=${1%.*.*}
  echo "${1#"$above".}"
}

# The data of a TLSA record: of the certificate (0) or its key (1), whole (0), as SHA-512 (2) or as SHA-256.
association() { # SELECTOR MATCHING CERTIFICATE
  case $1 in
    0) openssl x509 -in "$3" -outform DER ;;
    *) openssl x509 -in "$3" -noout -pubkey | openssl pkey -pubin -outform DER ;;
  esac | case $2 in
    0) od -An -v -tx1 | tr -d ' \n' ;;
    2) sha512sum | cut -d' ' -f1 ;;
    *) sha256sum | cut -d' ' -f1 ;;
  esac
}

# root issues int, int issues the rest.
write_case_authorities() {
  local ca=(-addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign")
  write_case_certificate root "lab cases root" "${ca[@]}"
  write_case_certificate other "lab cases other"
  write_case_certificate int "lab cases int" "${ca[@]}" -CA "$dir/cases/root.crt" -CAkey "$dir/cases/root.key"
}

write_case_certificate() { # FILE SUBJECT OPTION-OF-OPENSSL-REQ...
  local file=$dir/cases/$1 subject=$2
  shift 2
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$subject" "$@" \
    -keyout "$file.key" -out "$file.crt" 2>>"$dir/log/openssl"
}

write_case_chain() { # HOST KIND[+AUTHORITY...]
  local subject=$1 name
  if [[ $2 == othername* ]]; then subject=somebody-else.example.test; fi
  write_case_certificate "$1" "$subject" -addext "subjectAltName=DNS:$subject" -addext basicConstraints=CA:FALSE \
    -CA "$dir/cases/int.crt" -CAkey "$dir/cases/int.key"
  if [[ $2 == expired* ]]; then date_back "$dir/cases/$1"; fi
  cat "$dir/cases/$1.key" "$dir/cases/$1.crt" >"$dir/cases/$1.pem"
  for name in int root; do
    if [[ $2+ == *+$name+* ]]; then cat "$dir/cases/$name.crt" >>"$dir/cases/$1.pem"; fi
  done
  echo "$1 $dir/cases/$1.pem" >>"$dir/cases/sni"
}

# Issues a certificate anew with dates long past, which of the openssl commands only "ca" can.
date_back() { # FILE
  : >"$1.index"
  openssl x509 -x509toreq -in "$1.crt" -signkey "$1.key" -copy_extensions copy -out "$1.csr" 2>>"$dir/log/openssl"
  openssl ca -batch -notext -startdate 20240101000000Z -enddate 20240201000000Z -in "$1.csr" -out "$1.crt" -config <(
    cat <<CONF
[ca]
default_ca = int
[int]
certificate = $dir/cases/int.crt
private_key = $dir/cases/int.key
database = $1.index
new_certs_dir = $dir/cases
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
CONF
  ) 2>>"$dir/log/openssl"
}

write_cases_postfix() {
  write_postfix cases
  cat >>"$dir/postfix/cases/main.cf" <<CONF
myhostname = cases.example.test
mydestination = example.test
inet_interfaces = $cases4
smtpd_tls_security_level = may
smtpd_tls_session_cache_database =
smtpd_tls_chain_files = $dir/cases/notlsa.example.test.pem
tls_server_sni_maps = hash:$dir/cases/sni
local_transport = discard:
CONF
  cat >>"$dir/postfix/cases/master.cf" <<CONF
$plain4:25 inet n   -       n       -       -       smtpd
  -o smtpd_tls_security_level=none
CONF
  settle cases
  inside postmap -c "$dir/postfix/cases" -F "hash:$dir/cases/sni"
}
