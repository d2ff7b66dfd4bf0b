#!/bin/sh
# Draws what a cluster's services must know of each other and nobody else: `sh docker/new-secrets.sh calls.example`.
# Writes docker/secrets/, once: it refuses to overwrite.
set -eu
domain=${1:?which domain? sh docker/new-secrets.sh calls.example}
folder=$(dirname "$0")/secrets
if [ -e "$folder" ]; then
    echo "$folder is there already: remove it for new secrets, which make all invitations void" >&2
    exit 1
fi
random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
# Containers read the files as users of their own; the folder keeps others of this machine out.
mkdir -m 700 "$folder"
for name in token-key admin-token renderer-key; do
    random >"$folder/$name"
    chmod 444 "$folder/$name"
done
{
    printf 'FACEWIRE_DOMAIN=%s\nFACEWIRE_TURN_PASSWORD=%s\n' "$domain" "$(random)"
    # With a word before it, for nats-server takes what begins with digits for a number.
    printf 'FACEWIRE_NATS_PASSWORD=node-%s\nFACEWIRE_SITE_PASSWORD=site-%s\n' "$(random)" "$(random)"
} >"$folder/env"
chmod 600 "$folder/env"
echo "wrote $folder; now: docker compose --file docker/compose.cluster.yaml --env-file $folder/env up --build"
