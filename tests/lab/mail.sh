# The mail servers: receiver (mx1.example.test), sender (dane-only). Sourced by up.
# shellcheck shell=bash

write_postfix() { # NAME
  local config=$dir/postfix/$1
  mkdir -p "$config" "$dir/postfix/spool-$1" "$dir/postfix/data-$1"
  chown postfix "$dir/postfix/data-$1"
  sed -E 's/^(([^# ]+ +){4})[y-]( )/\1n\3/' /usr/share/postfix/master.cf.dist >"$config/master.cf"
  cp /etc/postfix/dynamicmaps.cf "$config/" 2>/dev/null || true
  cp /usr/share/postfix/main.cf.debian "$config/main.cf.debian" 2>/dev/null || true
  cat >"$config/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $dir/postfix/spool-$1
data_directory = $dir/postfix/data-$1
multi_instance_name = postfix-$1
multi_instance_enable = yes
maillog_file = $dir/log/postfix-$1
maillog_file_prefixes = $dir/log
mynetworks = 127.0.0.0/8, [fd53::]/64
smtpd_peername_lookup = no
alias_maps =
local_recipient_maps =
CONF
}

write_receiver() {
  write_postfix receiver
  cat >>"$dir/postfix/receiver/main.cf" <<CONF
myhostname = mx1.example.test
mydestination = example.test
inet_interfaces = $receiver4, [$receiver6]
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_session_cache_database =
smtpd_tls_chain_files = $dir/postfix/receiver/initial.pem
tls_ssl_options = NO_TICKET
local_transport = discard:
smtpd_recipient_restrictions = permit_mynetworks, reject
CONF
  cat >>"$dir/postfix/receiver/master.cf" <<CONF
587       inet  n       -       n       -       -       smtpd
465       inet  n       -       n       -       -       smtpd
  -o smtpd_tls_wrappermode=yes
CONF
  make_certificate "$dir/postfix/receiver/initial.pem" mx1.example.test
  settle receiver
}

write_sender() {
  write_postfix sender
  cat >>"$dir/postfix/sender/main.cf" <<CONF
myhostname = sender.test
mydestination =
inet_interfaces = $sender4
smtp_bind_address =
smtp_dns_support_level = dnssec
smtp_tls_security_level = dane-only
smtp_host_lookup = dns
smtp_tls_loglevel = 1
smtp_tls_session_cache_database =
smtp_connection_cache_on_demand = no
smtp_destination_concurrency_limit = 20
smtp_tls_connection_reuse = no
destination_concurrency_feedback_debug = no
default_destination_concurrency_failed_cohort_limit = 100000
smtpd_recipient_restrictions = permit_mynetworks, reject
minimal_backoff_time = 300s
enable_long_queue_ids = yes
CONF
  settle sender
}

# A self-signed certificate and its key, key first, in one file.
make_certificate() { # FILE NAME [DAYS]
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "${3:-30}" \
    -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -keyout "$1.key" -out "$1.crt" 2>/dev/null
  cat "$1.key" "$1.crt" >"$1"
  rm -f "$1.key" "$1.crt"
  chmod 600 "$1"
}

# Postfix waits about two seconds before it reads a main.cf that somebody may still be writing.
settle() { touch -d '1 minute ago' "$dir/postfix/$1/main.cf"; } # NAME

postfix_of() { # NAME COMMAND
  inside postfix -c "$dir/postfix/$1" "$2" >>"$dir/log/postfix-$1-command" 2>&1
}
greets() { inside timeout 2 bash -c "exec 3<>/dev/tcp/$1/25 && head -c 3 <&3" | grep -q 220; }
shows() { # ADDRESS FINGERPRINT: mx1.example.test, on port 25
  local peer=(-connect "$1:25" -starttls smtp -servername mx1.example.test)
  [[ $(fingerprint <(inside openssl s_client "${peer[@]}" 2>/dev/null </dev/null)) == "$2" ]]
}
