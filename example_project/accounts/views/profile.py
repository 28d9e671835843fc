"""The profile page."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from accounts.forms import NameForm, PictureForm
from accounts.models import Picture, PictureState, Profile, profile_of
from accounts.own_data import enqueue_own_data
from accounts.pictures import update
from accounts.tasks import fetch_picture
from accounts.throttle import OWN_DATA
from background.receipts import keep_receipt
from django_jobs.recap.forms import RecapSettingsForm
from example.requests import MemberRequest

PICTURE_INTERVAL = timedelta(seconds=10)
OVERDUE_AFTER = timedelta(minutes=5)
"""How long downloading a picture takes at most, with retries, unless its job is late or lost."""


@login_required
def profile(request: MemberRequest) -> HttpResponse:
    """Show the profile, or save the name."""
    own = profile_of(request.user)
    form = NameForm(request.POST or None, instance=own)
    if form.is_valid():
        form.save()
        messages.success(request, "Your name is saved.")
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", _context(request, name_form=form))


@login_required
@require_POST
def notifications(request: MemberRequest) -> HttpResponse:
    """Save the settings of recaps. Without recaps, the form has no fields and changes nothing."""
    form = RecapSettingsForm(request.POST, user=request.user, label_suffix="")
    if not form.is_valid():
        context = _context(request, recap_form=form)
        return render(request, "accounts/profile.html", context, status=422)
    form.save()
    if form.fields:
        messages.success(request, "Your settings are saved.")
    return redirect("accounts:profile")


@login_required
@require_POST
def picture(request: MemberRequest) -> HttpResponse:
    """Enqueue the download of a picture."""
    own = profile_of(request.user)
    form = PictureForm(request.POST)
    if form.is_valid() and _requested_just_now(own):
        form.add_error("address", "One picture at a time: please wait a few seconds.")
    if not form.is_valid():
        context = _context(request, picture_form=form)
        return render(request, "accounts/profile.html", context, status=422)
    address = form.cleaned_data["address"]
    with transaction.atomic():
        update.request_picture(own, address)
        result = fetch_picture.enqueue(request.user.pk, address)
    keep_receipt(request, result, "Downloading your picture")
    return redirect("accounts:profile")


@login_required
@require_POST
def remove_picture(request: MemberRequest) -> HttpResponse:
    """Remove the picture."""
    update.remove_picture(profile_of(request.user))
    messages.success(request, "Your picture is removed.")
    return redirect("accounts:profile")


@login_required
@require_POST
def own_data(request: MemberRequest) -> HttpResponse:
    """Enqueue a mail with everything that the member has written and done."""
    if not OWN_DATA.allows(request.user.pk):
        messages.error(request, "You have asked for your data just now. Please try again later.")
        return redirect("accounts:profile")
    with transaction.atomic():
        result = enqueue_own_data(request.user)
    keep_receipt(request, result, "Mailing your data")
    messages.success(request, "We collect your data and mail it to you.")
    return redirect("accounts:profile")


@cache_control(public=True, max_age=31_536_000, immutable=True)
def show_picture(request: HttpRequest, user_id: int, digest: str) -> HttpResponse:
    """Serve a picture. Its URL changes with its content."""
    if not Profile.objects.filter(pk=user_id, picture_digest=digest).exists():
        raise Http404("There is no such picture.")
    stored = get_object_or_404(Picture, pk=user_id)
    return HttpResponse(bytes(stored.webp), content_type="image/webp")


def _requested_just_now(own: Profile) -> bool:
    return _requested_within(PICTURE_INTERVAL, own)


def _requested_within(period: timedelta, own: Profile) -> bool:
    asked_at = own.picture_requested_at
    return asked_at is not None and timezone.now() - asked_at < period


def _context(
    request: MemberRequest,
    name_form: NameForm | None = None,
    picture_form: PictureForm | None = None,
    recap_form: RecapSettingsForm | None = None,
) -> dict[str, object]:
    own = profile_of(request.user)
    fetching = own.picture_state == PictureState.FETCHING
    return {
        "profile": own,
        "name_form": name_form or NameForm(instance=own),
        "picture_form": picture_form or PictureForm(initial={"address": own.picture_address}),
        "fetching": fetching,
        "overdue": fetching and not _requested_within(OVERDUE_AFTER, own),
        "recap_form": recap_form or RecapSettingsForm(user=request.user, label_suffix=""),
    }
