"""One's own profile, its picture and its notifications."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from PIL import Image

from accounts.models import Picture, PictureState, Profile
from accounts.pictures.errors import PictureUnavailable
from accounts.pictures.update import request_picture, update_picture
from accounts.tasks import fetch_picture
from django_jobs.recap.models import RecapSettings
from tests.integration.example.pictures import PictureServer, picture
from tests.support.board_fixtures import tasks_from

AsUser = Callable[[User], Client]
RECAP = {
    "recap-enabled": "on",
    "recap-frequency": "weekly",
    "recap-hour": "7",
    "recap-time_zone": "Europe/Berlin",
}


def test_the_name_is_what_others_see(as_user: AsUser, member: User) -> None:
    page = as_user(member).post("/profile/", {"name": "Thomas"}, follow=True)
    assert "Your name is saved." in page.text
    assert Profile.objects.get(user=member).name == "Thomas"


def test_an_account_from_the_command_line_has_a_profile_too(as_user: AsUser, db: None) -> None:
    user = User.objects.create_superuser("root", "root@example.com")
    assert "root" in as_user(user).get("/profile/").text


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://127.0.0.1/me.png", "127.0.0.1 is not on the public internet."),
        ("http://localhost:8000/me.png", "Pictures are not fetched from port 8000."),
        ("ftp://example.com/", "The address must start with http:// or https://."),
    ],
)
def test_a_refusal_is_a_sentence_on_the_profile(
    as_user: AsUser, member: User, address: str, sentence: str
) -> None:
    page = as_user(member).post("/profile/picture/", {"address": address}, follow=True)
    assert sentence in page.text
    assert Profile.objects.get(user=member).picture_state == PictureState.FAILED


def test_a_new_picture_takes_the_place_of_the_old_one(
    client: Client, member: User, picture_server: PictureServer
) -> None:
    urls = []
    for colour in ("teal", "red"):
        address = picture_server.serve(f"/{colour}", picture(colour=colour))
        request_picture(member.profile, address)
        assert update_picture(member.pk, address, picture_server.rules())
        urls.append(Profile.objects.get(user=member).picture_url)
    served = client.get(urls[1])
    assert served.headers["Content-Type"] == "image/webp"
    assert "immutable" in served.headers["Cache-Control"]
    with Image.open(BytesIO(served.content)) as shown:
        assert shown.size == (256, 256)
    assert client.get(urls[0]).status_code == 404
    assert Picture.objects.count() == 1


def test_the_same_picture_twice_is_the_same_picture(
    member: User, picture_server: PictureServer
) -> None:
    address = picture_server.serve("/me", picture())
    request_picture(member.profile, address)
    urls = set()
    for _ in range(2):
        update_picture(member.pk, address, picture_server.rules())
        urls.add(Profile.objects.get(user=member).picture_url)
    assert len(urls) == 1


def test_a_late_job_does_not_undo_a_newer_wish(member: User, picture_server: PictureServer) -> None:
    old = picture_server.serve("/old", picture())
    request_picture(member.profile, picture_server.url("/new"))
    assert not update_picture(member.pk, old, picture_server.rules())
    assert picture_server.seen == []
    assert Profile.objects.get(user=member).picture_digest == ""


def test_a_wish_changed_during_the_download_wins(
    member: User, picture_server: PictureServer
) -> None:
    old = picture_server.serve("/old", picture())
    send = picture_server.answers["/old"]

    def change_their_mind(request: Any) -> None:
        Profile.objects.filter(user=member).update(picture_address="https://example.com/new.png")
        connection.close()
        send(request)

    picture_server.answers["/old"] = change_their_mind
    request_picture(member.profile, old)
    assert not update_picture(member.pk, old, picture_server.rules())
    assert not Picture.objects.exists()


@pytest.mark.parametrize(
    ("attempt", "state", "sentence"),
    [
        (1, PictureState.FETCHING, "at this address. We will try again shortly."),
        (3, PictureState.FAILED, "There is no server on the public internet at this address."),
    ],
)
def test_a_failed_download_is_shown_with_what_comes_next(
    member: User, attempt: int, state: PictureState, sentence: str
) -> None:
    class Attempt:
        def __init__(self) -> None:
            self.attempt = attempt

    address = "http://nowhere.invalid/"
    request_picture(member.profile, address)
    with pytest.raises(PictureUnavailable):
        fetch_picture.func(Attempt(), member.pk, address)
    profile = Profile.objects.get(user=member)
    assert profile.picture_state == state
    assert profile.picture_problem.endswith(sentence)


def test_pictures_are_asked_for_one_at_a_time(as_user: AsUser, member: User) -> None:
    client = as_user(member)
    form = {"address": "http://127.0.0.1/"}
    client.post("/profile/picture/", form)
    page = client.post("/profile/picture/", form)
    assert page.status_code == 422
    assert "One picture at a time" in page.text


def test_a_picture_can_be_removed(
    as_user: AsUser, member: User, picture_server: PictureServer
) -> None:
    address = picture_server.serve("/me", picture())
    request_picture(member.profile, address)
    update_picture(member.pk, address, picture_server.rules())
    page = as_user(member).post("/profile/picture/remove/", follow=True)
    assert "Your picture is removed." in page.text
    assert not Picture.objects.exists()


@pytest.fixture
def with_redis(settings: Any, redis_url: str) -> None:
    """A backend whose jobs survive."""
    settings.TASKS = tasks_from(JOB_BACKEND="redis", REDIS_URL=redis_url)


@pytest.mark.usefixtures("with_redis")
def test_moderators_switch_their_recap(as_user: AsUser, moderator: User) -> None:
    client = as_user(moderator)
    page = client.get("/profile/")
    assert "Notifications" in page.text
    assert 'name="recap-enabled"' in page.text
    page = client.post("/profile/notifications/", RECAP, follow=True)
    assert "Your settings are saved." in page.text
    chosen = RecapSettings.objects.get(user=moderator)
    assert (chosen.enabled, chosen.frequency, chosen.hour) == (True, "weekly", 7)


@pytest.mark.usefixtures("with_redis")
def test_an_impossible_hour_is_refused_with_the_profile_still_shown(
    as_user: AsUser, moderator: User
) -> None:
    page = as_user(moderator).post("/profile/notifications/", RECAP | {"recap-hour": "25"})
    assert page.status_code == 422
    assert "Notifications" in page.text
    assert not RecapSettings.objects.exists()


@pytest.mark.usefixtures("with_redis")
def test_members_have_no_recap_to_switch(as_user: AsUser, member: User) -> None:
    client = as_user(member)
    assert "Notifications" not in client.get("/profile/").text
    client.post("/profile/notifications/", RECAP)
    assert not RecapSettings.objects.exists()


@pytest.mark.parametrize("backend", ["async", "inline", "dummy"])
def test_without_a_persistent_backend_one_sentence_is_all_there_is(
    as_user: AsUser, moderator: User, member: User, settings: Any, backend: str
) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND=backend)
    client = as_user(moderator)
    page = client.get("/profile/")
    assert "Recaps need the Redis backend." in page.text
    assert 'name="recap-' not in page.text
    assert "Notifications" not in as_user(member).get("/profile/").text
    client.post("/profile/notifications/", RECAP)
    assert not RecapSettings.objects.exists()
