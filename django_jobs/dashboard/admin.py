"""The entry in Django's admin site, where that is installed, which leads to the list of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import NoReverseMatch, URLPattern, path, reverse

from .access import identify
from .models import Dashboard

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Dashboard]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(Dashboard)
class JobsAdmin(ModelAdmin):
    """Shows an entry to those who may view the dashboard; the dashboard itself does the rest."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name="django_jobs_dashboard_dashboard_changelist")]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        """Redirect to the list of jobs, which checks the permission."""
        return HttpResponseRedirect(_job_list() or reverse(f"{self.admin_site.name}:index"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Dashboard | None = None) -> bool:
        return bool(_job_list()) and identify(request) is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Dashboard | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Dashboard | None = None) -> bool:
        return False


def _job_list() -> str:
    """Return the address of the list of jobs, or "" if the site does not include the dashboard."""
    try:
        return reverse("django_jobs_dashboard:jobs")
    except NoReverseMatch:
        return ""
