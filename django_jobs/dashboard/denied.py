"""Responses to visitors without access, and to sites without a backend to show."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from .access import accepts_basic_auth, seconds_to_wait
from .conf import options

BROKER_ERROR = "django_jobs_dashboard/broker_error.html"
NOT_FOUND = "django_jobs_dashboard/not_found.html"
MESSAGE = "django_jobs_dashboard/message.html"


def unauthenticated(request: HttpRequest) -> HttpResponse:
    """Ask the visitor to log in, in the way that is configured, or say why a login failed."""
    if wait := seconds_to_wait(request):
        text = _("Too many failed login attempts. Try again in a few minutes.")
        response = _message(request, _("Too many attempts"), text, 429)
        response.headers["Retry-After"] = str(wait)
        return response
    if accepts_basic_auth(request):
        return _challenge(request)
    if options().has_basic_auth and "Authorization" in request.headers:
        text = _(
            "Passwords are not accepted over plain HTTP, because others could read "
            "them. Use HTTPS, or set JOB_DASHBOARD_ALLOW_HTTP=true if the connection "
            "is safe anyway."
        )
        return _message(request, _("HTTPS required"), text, 403)
    user = getattr(request, "user", None)
    is_known = user is not None and user.is_authenticated
    if user is None or is_known or "HX-Request" in request.headers or request.method == "POST":
        return forbidden(request)
    back = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{_login_url()}?{back}")


def forbidden(request: HttpRequest) -> HttpResponse:
    """Say that a permission is missing, without saying what the page would show."""
    text = _(
        "You do not have the permission that this page requires. Ask an "
        "administrator for permission to view or manage background jobs or to "
        "control workers, or log in with another account."
    )
    return _message(request, _("Permission denied"), text, 403)


def no_backend(request: HttpRequest) -> HttpResponse:
    """Say that no backend in `TASKS` belongs to django_jobs."""
    text = _(
        "No backend in TASKS belongs to django_jobs, so there are no jobs to show. "
        "Set TASKS = tasks_from_env() or, if that is already set, JOB_BACKEND=redis."
    )
    return _message(request, _("No job backend"), text, 404)


def _challenge(request: HttpRequest) -> HttpResponse:
    text = _(
        "Enter the username and password set in JOB_DASHBOARD_USERNAME and JOB_DASHBOARD_PASSWORD."
    )
    response = _message(request, _("Login required"), text, 401)
    response.headers["WWW-Authenticate"] = 'Basic realm="Background jobs", charset="UTF-8"'
    return response


def _message(request: HttpRequest, heading: str, text: str, status: int) -> HttpResponse:
    return render(request, MESSAGE, {"heading": heading, "text": text}, status=status)


def _login_url() -> str:
    """Return the URL of the login page: `LOGIN_URL`, or the admin's if that does not exist."""
    url = resolve_url(settings.LOGIN_URL)
    try:
        resolve(url)
    except Resolver404:
        try:
            return reverse("admin:login")
        except NoReverseMatch:
            return url
    return url
