"""The URLs of a site that has the app of the dashboard, but does not include its pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
