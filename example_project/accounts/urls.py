"""URLs of accounts."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.urls import path, reverse_lazy
from django.views.generic import TemplateView

from accounts.forms import ResetForm, SignInForm
from accounts.views import joining, profile

app_name = "accounts"
urlpatterns = [
    path("join/", joining.join, name="join"),
    path(
        "join/sent/",
        TemplateView.as_view(template_name="accounts/join_sent.html"),
        name="join_sent",
    ),
    path("join/<str:token>/", joining.confirmed, name="join_confirmed"),
    path(
        "sign-in/",
        auth_views.LoginView.as_view(
            template_name="accounts/sign_in.html",
            authentication_form=SignInForm,
            redirect_authenticated_user=True,
        ),
        name="sign_in",
    ),
    path("sign-out/", auth_views.LogoutView.as_view(), name="sign_out"),
    path("profile/", profile.profile, name="profile"),
    path("profile/picture/", profile.picture, name="new_picture"),
    path("profile/picture/remove/", profile.remove_picture, name="remove_picture"),
    path("profile/notifications/", profile.notifications, name="notifications"),
    path("profile/data/", profile.own_data, name="own_data"),
    path("profile/leave/", joining.leave, name="leave"),
    path("pictures/<int:user_id>/<slug:digest>.webp", profile.show_picture, name="picture"),
    path(
        "profile/password/",
        auth_views.PasswordChangeView.as_view(
            template_name="accounts/password_change.html",
            success_url=reverse_lazy("accounts:profile"),
        ),
        name="password_change",
    ),
    path(
        "password/",
        auth_views.PasswordResetView.as_view(
            form_class=ResetForm,
            template_name="accounts/password_reset.html",
            subject_template_name="mails/password_subject.txt",
            email_template_name="mails/password.txt",
            html_email_template_name="mails/password.html",
            success_url=reverse_lazy("accounts:password_sent"),
        ),
        name="password_reset",
    ),
    path(
        "password/sent/",
        auth_views.PasswordResetDoneView.as_view(template_name="accounts/password_sent.html"),
        name="password_sent",
    ),
    path(
        "password/<uidb64>/<token>/",
        auth_views.PasswordResetConfirmView.as_view(
            template_name="accounts/password_new.html",
            success_url=reverse_lazy("accounts:sign_in"),
        ),
        name="password_new",
    ),
]
