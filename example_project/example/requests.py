"""Requests as views see them once somebody is signed in."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme


class MemberRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User


def back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """Return to the page named in the form's `next` field, where that page is ours.

    Args:
        request: the request whose POST data may carry `next`.
        otherwise: an address or view name for everything else.
    """
    wanted = request.POST.get("next", "")
    is_path = wanted.startswith("/") and not urlsplit(wanted).netloc
    if is_path and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return HttpResponseRedirect(wanted)
    return redirect(otherwise)
