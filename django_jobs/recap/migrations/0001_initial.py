from __future__ import annotations

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import django_jobs.recap.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RecapSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("enabled", models.BooleanField(default=False, verbose_name="Email me a recap")),
                (
                    "frequency",
                    models.CharField(
                        choices=[
                            ("daily", "Every day"),
                            ("weekly", "Every Monday"),
                            ("monthly", "On the first day of the month"),
                        ],
                        default="daily",
                        max_length=10,
                        verbose_name="Frequency",
                    ),
                ),
                (
                    "hour",
                    models.PositiveSmallIntegerField(
                        default=8,
                        validators=[django.core.validators.MaxValueValidator(23)],
                        verbose_name="Time of day",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        default=django.utils.timezone.get_default_timezone_name,
                        max_length=64,
                        validators=[django_jobs.recap.models.validate_time_zone],
                        verbose_name="Time zone",
                    ),
                ),
                ("due_at", models.DateTimeField(db_index=True, editable=False, null=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recap_settings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "recap settings",
                "verbose_name_plural": "recap settings",
            },
        ),
        migrations.CreateModel(
            name="RecapDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("period", models.CharField(max_length=20)),
                ("start", models.DateTimeField()),
                ("end", models.DateTimeField(db_index=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("claimed", "claimed"),
                            ("enqueued", "enqueued"),
                            ("sent", "sent"),
                            ("empty", "empty"),
                            ("dropped", "dropped"),
                        ],
                        default="claimed",
                        max_length=10,
                    ),
                ),
                ("job_id", models.CharField(max_length=64)),
                ("claimed_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recap_deliveries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "recap delivery",
                "verbose_name_plural": "recap deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "claimed")),
                        fields=["claimed_at"],
                        name="recaps_maybe_lost",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "period"), name="one_recap_a_period")
                ],
            },
        ),
    ]
