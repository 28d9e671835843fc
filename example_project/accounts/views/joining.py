"""Joining and leaving."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from accounts.confirmation import read_token
from accounts.forms import AddressForm, JoinForm, LeaveForm
from accounts.leaving import close_account
from accounts.tasks import erase_member, send_join_link, welcome
from accounts.throttle import LINKS, LINKS_FROM_ADDRESS, client_address
from background.receipts import keep_receipt
from example.requests import MemberRequest


def join(request: HttpRequest) -> HttpResponse:
    """Send a link to join to an address.

    The response does not reveal whether the address has an account or has had its mails already.
    """
    if request.user.is_authenticated:
        return redirect("feedback:posts")
    form = AddressForm(request.POST or None)
    if form.is_valid():
        email = form.cleaned_data["email"]
        if LINKS_FROM_ADDRESS.allows(client_address(request)) and LINKS.allows(email):
            keep_receipt(request, send_join_link.enqueue(email), "Your mail with a link")
        return redirect("accounts:join_sent")
    return render(request, "accounts/join.html", {"form": form})


@sensitive_post_parameters()
def confirmed(request: HttpRequest, token: str) -> HttpResponse:
    """Create an account for a confirmed address, and sign in."""
    email = read_token(token)
    if email is None:
        return render(request, "accounts/join_expired.html", status=410)
    if User.objects.filter(username=email).exists():
        return _has_account(request)
    form = JoinForm(request.POST or None, email=email)
    if form.is_valid():
        try:
            with transaction.atomic():
                user = form.save()
                result = welcome.enqueue(user)
        except IntegrityError:  # the form was sent twice at the same time
            return _has_account(request)
        login(request, user)
        keep_receipt(request, result, "Your welcome mail")
        messages.success(request, "Welcome! We have sent you a mail.")
        return redirect("feedback:posts")
    return render(request, "accounts/join_confirmed.html", {"form": form, "email": email})


def _has_account(request: HttpRequest) -> HttpResponse:
    messages.success(request, "You already have an account. Please sign in.")
    return redirect("accounts:sign_in")


@login_required
@sensitive_post_parameters()
def leave(request: MemberRequest) -> HttpResponse:
    """Close the account after asking for the password."""
    form = LeaveForm(request.POST or None, user=request.user)
    if form.is_valid():
        user = request.user
        with transaction.atomic():
            close_account(user)
            result = erase_member.enqueue(user.pk)
        logout(request)
        keep_receipt(request, result, "Removing your name from what you wrote")
        messages.success(request, "Your account is closed. Thank you for taking part.")
        return redirect("feedback:posts")
    return render(request, "accounts/leave.html", {"form": form})
