"""URLs of sent mails."""

from __future__ import annotations

from django.urls import path

from sent_mails import views

app_name = "sent_mails"
urlpatterns = [
    path("", views.mail_list, name="list"),
    path("<int:pk>/", views.mail_detail, name="detail"),
    path("<int:pk>/html/", views.mail_html, name="html"),
]
