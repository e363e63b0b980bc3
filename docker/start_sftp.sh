#!/bin/sh
# The service `sftp`: its folders, and at the first start a host key and a password of its own, kept in the volume.
set -eu

secrets=/srv/sftp/secrets
box=/srv/sftp/drop-box

# sshd locks the account into the box only when nobody but root can write there.
install --directory --mode=755 "$box" /run/sshd
install --directory --owner=practice --group=practice --mode=750 "$box/to-clearinghouse" "$box/from-clearinghouse"

umask 077
mkdir -p "$secrets"
test -s "$secrets/ssh_host_ed25519_key" \
    || ssh-keygen -q -t ed25519 -N '' -C drop-box -f "$secrets/ssh_host_ed25519_key"
test -s "$secrets/password" || tr -dc 'A-Za-z0-9' < /dev/urandom | head -c 32 > "$secrets/password"
printf 'practice:%s\n' "$(cat "$secrets/password")" | chpasswd

echo "login: practice; password: docker compose exec sftp cat $secrets/password"
echo "host_key: $(cut -d ' ' -f 1,2 "$secrets/ssh_host_ed25519_key.pub")"
exec /usr/sbin/sshd -D -e
