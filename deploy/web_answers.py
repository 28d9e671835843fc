"""The health check of the web container: ends with 0 if the site answers."""

from __future__ import annotations

import os
import urllib.request
from urllib.parse import urlsplit

# The site answers only to the name it is reached under.
HOST = urlsplit(os.environ["SITE_URL"]).netloc
urllib.request.urlopen(
    urllib.request.Request("http://127.0.0.1:8000/", headers={"Host": HOST}), timeout=4
)
