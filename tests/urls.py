"""The URLs of the site that the tests run as."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("recap/", include("django_jobs.recap.urls"))]
