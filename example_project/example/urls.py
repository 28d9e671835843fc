"""URLs of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("feedback.urls")),
    path("", include("accounts.urls")),
    path("imports/", include("imports.urls")),
    path("background/", include("background.urls")),
    path("mails/", include("sent_mails.urls")),
    path("jobs/", include("django_jobs.dashboard.urls")),
    path("recap/", include("django_jobs.recap.urls")),
    path("admin/", admin.site.urls),
]
