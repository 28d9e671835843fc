# The example site: one image for the web server, the workers and the migrations.
# Tags can move. deploy/README.md shows how to pin the base image by its digest.
FROM python:3.13-slim

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN useradd --create-home --uid 1000 site \
    && install --directory --owner=site --group=site /data/media

WORKDIR /app

# Pinned dependencies first: they seldom change, so the layer is cached.
COPY requirements/django61.txt requirements/
RUN pip install --require-hashes --requirement requirements/django61.txt

COPY pyproject.toml README.md LICENSE ./
COPY django_jobs django_jobs
RUN pip install --no-deps --no-build-isolation .

COPY deploy/web_answers.py deploy/
COPY example_project example_project
# The key is random and discarded: nothing is signed here.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    DEBUG=0 SITE_URL=http://localhost \
    python example_project/manage.py collectstatic --noinput --verbosity 0

# By number, because Kubernetes can check only a number for not being root.
USER 1000:1000
EXPOSE 8000
CMD ["gunicorn", "--chdir", "example_project", "--bind", "0.0.0.0:8000", \
     "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm", \
     "--no-control-socket", "example.wsgi"]
