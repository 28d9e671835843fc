"""URLs of the board."""

from __future__ import annotations

from django.urls import path

from feedback.views import moderation, posts, reactions, writing

app_name = "feedback"
urlpatterns = [
    path("", posts.post_list, name="posts"),
    path("roadmap/", posts.roadmap, name="roadmap"),
    path("boards/<slug:slug>/", posts.post_list, name="board"),
    path("posts/new/", writing.new_post, name="new_post"),
    path("posts/<int:pk>/", posts.post_detail, name="post"),
    path("posts/<int:pk>/edit/", writing.edit_post, name="edit_post"),
    path("posts/<int:pk>/comment/", writing.comment, name="comment"),
    path("posts/<int:pk>/vote/", reactions.vote, name="vote"),
    path("posts/<int:pk>/follow/", reactions.follow, name="follow"),
    path("posts/<int:pk>/status/", moderation.change_status, name="change_status"),
    path("posts/<int:pk>/hide/", moderation.hide, name="hide"),
    path("posts/<int:pk>/delete/", moderation.delete, name="delete_post"),
    path("comments/<int:pk>/delete/", writing.delete_comment, name="delete_comment"),
]
