#!/bin/bash
# Fails the deployment if no worker takes jobs two minutes after it.
set -euo pipefail

# The settings need the environment properties, which this program prints.
config=/opt/elasticbeanstalk/bin/get-config
for name in $("$config" environment | python3 -c 'import json, sys; print(*json.load(sys.stdin))'); do
    value=$("$config" environment --key "$name")
    export "$name=$value"
done

# shellcheck source=/dev/null # it is on the instance only
source /var/app/venv/*/bin/activate
for _ in {1..24}; do
    python manage.py jobs check --min-workers 1 && exit 0
    sleep 5
done
echo "No worker takes jobs. Its log is in /var/log/worker.stdout.log." >&2
exit 1
