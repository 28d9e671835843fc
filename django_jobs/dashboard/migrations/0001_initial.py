from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Dashboard",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={
                "verbose_name": "dashboard",
                "verbose_name_plural": "Jobs",
                "permissions": [
                    ("view_dashboard", "Can view background jobs"),
                    ("manage_jobs", "Can retry, delete and pause background jobs"),
                    ("control_workers", "Can quiet and stop workers"),
                ],
                "managed": False,
                "default_permissions": (),
            },
        ),
    ]
