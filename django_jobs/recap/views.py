"""The unsubscribe page."""

from __future__ import annotations

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .unsubscribe_links import switch_off, user_pk_of

TEMPLATE = "django_jobs/recap/unsubscribe.html"


# Mail providers post without a cookie (RFC 8058). A forged request could only unsubscribe, and
# would need the signed link for that.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET and unsubscribe on POST, because link scanners follow every link in an email."""
    try:
        user_pk = user_pk_of(token)
    except BadSignature:
        return render(request, TEMPLATE, {"page": "broken"}, status=404)
    if request.method != "POST":
        return render(request, TEMPLATE, {"page": "ask"})
    switch_off(user_pk)
    return render(request, TEMPLATE, {"page": "done"})
