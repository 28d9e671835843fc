#!/bin/bash
# Makes the running worker quiet while the new version is set up: it takes no more jobs, so that long ones have
# a head start. The deployment then stops it with TERM.
set -euo pipefail

# At the first deployment there is no worker yet.
if systemctl --quiet is-active worker.service; then
    systemctl kill --signal=TSTP worker.service
fi
