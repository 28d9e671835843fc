"""What people tell the site about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import forms as auth_forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string

from accounts.models import ADDRESS_LENGTH, NAME_LENGTH, Profile
from accounts.throttle import RESETS
from django_jobs.mail import send_later

PASSWORD_LENGTH = 128


class AddressForm(forms.Form):
    """The first step to join: an address that has to be confirmed."""

    email = forms.EmailField(
        max_length=150,
        label="E-mail address",
        help_text="We send you a link to go on with.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        """Return the address in small letters, as people sign in with it."""
        email: str = self.cleaned_data["email"].lower()
        return email


class JoinForm(forms.Form):
    """The second step: a new account for a confirmed address, with which one signs in."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        help_text="What others call you here.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        max_length=PASSWORD_LENGTH,
        strip=False,
        help_text="At least eight characters, not only digits.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        user = User(username=self.email, first_name=data.get("name", ""))
        if "password" in data:
            try:
                validate_password(data["password"], user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data

    def save(self) -> User:
        """Create the account with its profile."""
        data = self.cleaned_data
        with transaction.atomic():
            user = User.objects.create_user(self.email, self.email, data["password"])
            Profile.objects.create(user=user, name=data["name"])
        return user


class SignInForm(auth_forms.AuthenticationForm):
    """Django's form, asking for the mail address."""

    username = auth_forms.UsernameField(
        label="E-mail address",
        max_length=150,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )

    def get_invalid_login_error(self) -> forms.ValidationError:
        """Say it in the same way whether the password was wrong, or is not looked at."""
        return forms.ValidationError(
            "This address and this password do not belong together. After ten wrong ones, please"
            " wait for a quarter of an hour.",
            code="invalid_login",
        )

    def clean_username(self) -> str:
        """Accept capitals, which phones like to put first."""
        name: str = self.cleaned_data["username"]
        return name.lower() if "@" in name else name


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name others see."""

    class Meta:
        model = Profile
        fields = ("name",)
        help_texts = {"name": "What others call you here."}


class PictureForm(forms.Form):
    """Where to fetch a profile picture."""

    address = forms.CharField(
        max_length=ADDRESS_LENGTH,
        label="Address of a picture",
        help_text="JPEG, PNG, WebP or GIF, up to 5 MB. We make our own small copy.",
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/me.jpg"}),
    )


class LeaveForm(forms.Form):
    """A last question before an account is closed."""

    password = forms.CharField(
        max_length=PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError("This is not your password.")
        return password


class ResetForm(auth_forms.PasswordResetForm):
    """Django's form, whose mail goes out in the background.

    The page then takes the same time for an address with an account as for one without.
    """

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """Enqueue the mail, at most three an hour for one address."""
        if not RESETS.allows(context["user"].pk):
            return
        subject = render_to_string(subject_template_name, context).strip()
        text = render_to_string(email_template_name, context)
        message = EmailMultiAlternatives(subject, text, from_email, [to_email])
        if html_email_template_name:
            html = render_to_string(html_email_template_name, context)
            message.attach_alternative(html, "text/html")
        send_later(message)
