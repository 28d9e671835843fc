"""The addresses of the dashboard: include them anywhere in the site's URLconf."""

from __future__ import annotations

from django.urls import path

from .views import overview

app_name = "django_jobs_dashboard"
urlpatterns = [
    path("", overview.overview, name="overview"),
]
