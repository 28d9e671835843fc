"""A site that includes the pages of the recap."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("recap/", include("django_jobs.recap.urls"))]
