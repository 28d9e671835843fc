"""Prints what a program can see of how it was started."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

if __name__ == "__main__":
    handlers = {number.name: str(signal.getsignal(number)) for number in signal.Signals}
    about = {
        "arguments": sys.argv,
        "line": sys.orig_argv[1:],
        "path": sys.path,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "leads a session": os.getsid(0) == os.getpid(),
        "signals": {name: text.partition(" at ")[0] for name, text in handlers.items()},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "threads": threading.active_count(),
        "files": sorted(os.listdir("/proc/self/fd"))[:-1],
    }
    json.dump(about, sys.stdout)
    sys.exit(7)
