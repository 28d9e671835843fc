"""Becoming a member, or ceasing to be one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from accounts.forms import JoinForm, LeaveForm
from accounts.leaving import close_account
from accounts.tasks import forget_member, welcome
from background.receipts import keep_receipt
from example.requests import MemberRequest


@sensitive_post_parameters()
def join(request: HttpRequest) -> HttpResponse:
    """Make an account, sign in, get a mail."""
    if request.user.is_authenticated:
        return redirect("feedback:posts")
    form = JoinForm(request.POST or None)
    if form.is_valid():
        with transaction.atomic():
            user = form.save()
            result = welcome.enqueue(user)
        login(request, user)
        keep_receipt(request, result, "Your welcome mail")
        messages.success(request, "Welcome! A mail is on its way to you.")
        return redirect("feedback:posts")
    return render(request, "accounts/join.html", {"form": form})


@login_required
@sensitive_post_parameters()
def leave(request: MemberRequest) -> HttpResponse:
    """Close one's own account, after asking for the password."""
    form = LeaveForm(request.POST or None, user=request.user)
    if form.is_valid():
        user = request.user
        with transaction.atomic():
            close_account(user)
            result = forget_member.enqueue(user.pk)
        logout(request)
        keep_receipt(request, result, "Removing your name from what you wrote")
        messages.success(request, "Your account is closed. Thank you for having been here.")
        return redirect("feedback:posts")
    return render(request, "accounts/leave.html", {"form": form})
