"""URLs of the pages about jobs."""

from __future__ import annotations

from django.urls import path

from background import views

app_name = "background"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("strip/", views.strip, name="strip"),
]
