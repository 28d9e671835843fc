"""The list of jobs in Django's admin site, where that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from django_jobs.errors import BrokerError

from .access import identify
from .admin_jobs import job_list
from .formatting import encodable
from .models import Dashboard
from .request import DashboardRequest, chosen_backend, visible_aliases

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Dashboard]
else:
    ModelAdmin = admin.ModelAdmin

TEMPLATE = "admin/django_jobs_dashboard/dashboard/job_list.html"


@admin.register(Dashboard)
class JobsAdmin(ModelAdmin):
    """Shows jobs to those who may view the dashboard; its pages have everything else."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name="django_jobs_dashboard_dashboard_changelist")]

    @method_decorator(require_safe)
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a page of the jobs that match the filters, or why there is none."""
        if not _is_included():
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:index"))
        shown, status = self._shown(request)
        frame = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.opts.verbose_name_plural,
        }
        html = render_to_string(TEMPLATE, {**frame, **shown, **(extra_context or {})}, request)
        return HttpResponse(encodable(html), status=status)

    def _shown(self, request: HttpRequest) -> tuple[dict[str, Any], int]:
        visitor = identify(request)
        if visitor is None:
            raise PermissionDenied
        backend = chosen_backend(request)
        if backend is None:
            return {"has_no_backend": True}, 404
        asked = DashboardRequest(
            http=request, visitor=visitor, backend=backend, aliases=visible_aliases()
        )
        try:
            return job_list(asked), 200
        except BrokerError as error:
            return {"broker_error": str(error)}, 503

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Dashboard | None = None) -> bool:
        return _is_included() and identify(request) is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Dashboard | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Dashboard | None = None) -> bool:
        return False


def _is_included() -> bool:
    """Return whether the site includes the dashboard, whose pages the list links to."""
    try:
        return bool(reverse("django_jobs_dashboard:jobs"))
    except NoReverseMatch:
        return False
