"""Views of sent mails, on development sites only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin

from sent_mails.models import SentMail

View = Callable[..., HttpResponse]
MAILS_PER_PAGE = 25

# A mail may have styles and inline pictures, but no scripts and no requests to other servers. Its
# links open in a new tab, outside the frame.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def _development_only(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: int) -> HttpResponse:
        if not settings.SHOW_SENT_MAILS:
            raise Http404("Mails are shown on development sites only.")
        return view(request, **kwargs)

    return guarded


@_development_only
def mail_list(request: HttpRequest) -> HttpResponse:
    """List the sent mails, newest first."""
    page = Paginator(SentMail.objects.defer("raw"), MAILS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "sent_mails/list.html", {"page": page})


@_development_only
def mail_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one mail: its headers, its text and its HTML part in a frame."""
    mail = get_object_or_404(SentMail, pk=pk)
    context = {
        "mail": mail,
        "headers": list(mail.parsed().items()),
        "text": mail.body("plain"),
        "has_html": bool(mail.body("html")),
    }
    return render(request, "sent_mails/detail.html", context)


@_development_only
@xframe_options_sameorigin
def mail_html(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the HTML part on its own, for a sandboxed frame."""
    mail = get_object_or_404(SentMail, pk=pk)
    response = HttpResponse('<base target="_blank">' + mail.body("html"))
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response
