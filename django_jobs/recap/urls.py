"""The URLs of the recap. Include them anywhere in the site's URLconf."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "django_jobs_recap"
urlpatterns = [
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
