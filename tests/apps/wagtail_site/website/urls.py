"""The admin, the pages, a search, and a look at the jobs."""

from __future__ import annotations

from django.urls import include, path
from wagtail import urls as pages
from wagtail.admin import urls as admin
from wagtail.documents import urls as documents

from articles import views

urlpatterns = [
    path("admin/", include(admin)),
    path("documents/", include(documents)),
    path("search/", views.search),
    path("jobs/", views.jobs),
    path("", include(pages)),
]
