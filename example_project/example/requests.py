"""Helpers for requests of members."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme


class MemberRequest(HttpRequest):
    """The request of a view with `login_required`."""

    user: User


def back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """Redirect to the page in the form's `next` field, if it is on this site.

    Args:
        request: the request, whose POST data may have `next`.
        otherwise: the URL or view name to redirect to if not.
    """
    wanted = request.POST.get("next", "")
    is_path = wanted.startswith("/") and not urlsplit(wanted).netloc
    if is_path and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return HttpResponseRedirect(wanted)
    return redirect(otherwise)
