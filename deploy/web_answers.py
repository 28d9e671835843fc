"""The health check of the web container: exits with 0 if the site responds."""

from __future__ import annotations

import http.client
import os
import sys
from urllib.parse import urlsplit

BAD_REQUEST = 400

# The site responds only to requests for its own host name.
name = urlsplit(os.environ["SITE_URL"]).netloc
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
connection.request("GET", "/", headers={"Host": name})
sys.exit(connection.getresponse().status >= BAD_REQUEST)
