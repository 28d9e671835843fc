"""Makes several calls of `manage.py jobs` in one process.

python each_call.py /path/to/manage.py '[["check"], ["list"]]'
"""

from __future__ import annotations

import json
import os
import sys

END = "--- end of an answer ---"

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(sys.argv[1]))
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    calls = json.loads(sys.argv.pop())
    sys.argv.pop(0)
    import django
    from django.core.management import call_command

    django.setup()
    for call in calls:
        call_command("jobs", *call)
        sys.stdout.write(END)
