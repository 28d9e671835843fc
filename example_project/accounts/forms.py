"""Forms for accounts."""

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
    """The first step to join: an address to confirm."""

    email = forms.EmailField(
        max_length=150,
        label="E-mail address",
        help_text="We will send you a link to continue.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        """Return the address in lower case, which is the user name."""
        email: str = self.cleaned_data["email"].lower()
        return email


class JoinForm(forms.Form):
    """The second step to join: the account for a confirmed address."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        help_text="The name that others see.",
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
    """Django's form, with the e-mail address as the user name."""

    username = auth_forms.UsernameField(
        label="E-mail address",
        max_length=150,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )

    def get_invalid_login_error(self) -> forms.ValidationError:
        """Return one error for wrong passwords and for refused ones."""
        return forms.ValidationError(
            "The address or the password is wrong. After ten wrong passwords, please wait a quarter"
            " of an hour.",
            code="invalid_login",
        )

    def clean_username(self) -> str:
        """Accept capitals, because phones capitalise the first letter."""
        name: str = self.cleaned_data["username"]
        return name.lower() if "@" in name else name


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name that others see."""

    class Meta:
        model = Profile
        fields = ("name",)
        help_texts = {"name": "The name that others see."}


class PictureForm(forms.Form):
    """The address to download a profile picture from."""

    address = forms.CharField(
        max_length=ADDRESS_LENGTH,
        label="Address of a picture",
        help_text="JPEG, PNG, WebP or GIF, up to 5 MB. We store a small copy.",
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/me.jpg"}),
    )


class LeaveForm(forms.Form):
    """Asks for the password before an account is closed."""

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
    """Django's form, which sends its mail by a job.

    So the page takes the same time for an address with an account as for one without.
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
        """Enqueue the mail, at most three per hour and account."""
        if not RESETS.allows(context["user"].pk):
            return
        subject = render_to_string(subject_template_name, context).strip()
        text = render_to_string(email_template_name, context)
        message = EmailMultiAlternatives(subject, text, from_email, [to_email])
        if html_email_template_name:
            html = render_to_string(html_email_template_name, context)
            message.attach_alternative(html, "text/html")
        send_later(message)
