"""A Django site of one file, whose sessions lie in Redis: a log-in, the admin, and views for the tests of this app.

    REDIS_URL=redis://127.0.0.1:6379/1 PORT=8000 python3 site.py

Prints "READY http://127.0.0.1:<port>" when it answers (PORT=0: any free port) and ends at SIGTERM. Its database is a file in
SITE_FOLDER with one user, alice / wonderland. All settings that Node has to know are read from the environment, under
Django's own names.
"""
import datetime
import json
import os
import signal
import sys
import tempfile
import threading
import time

import django
from django.conf import settings

HERE = os.path.dirname(os.path.abspath(__file__))
ENV = os.environ
MODULES = {
    "pickle": "django_redis.serializers.pickle.PickleSerializer",
    "json": "django_redis.serializers.json.JSONSerializer",
    "msgpack": "django_redis.serializers.msgpack.MSGPackSerializer",
    "zlib": "django_redis.compressors.zlib.ZlibCompressor",
    "lz4": "django_redis.compressors.lz4.Lz4Compressor",
    "lzma": "django_redis.compressors.lzma.LzmaCompressor",
    "": "django_redis.compressors.identity.IdentityCompressor",
}


def flag(name):
    return ENV.get(name, "") == "1"


def cache():
    if ENV.get("BACKEND") == "core":  # Django's own, 4.0 and newer
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV["REDIS_URL"]}
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": ENV["REDIS_URL"],
        "KEY_PREFIX": ENV.get("KEY_PREFIX", ""),
        "VERSION": int(ENV.get("VERSION", "1")),
        "OPTIONS": {
            "CLIENT_CLASS": ENV.get("CLIENT_CLASS", "django_redis.client.DefaultClient"),
            "SERIALIZER": MODULES[ENV.get("SERIALIZER", "pickle")],
            "COMPRESSOR": MODULES[ENV.get("COMPRESSOR", "")],
        },
    }


def configure():
    folder = ENV.get("SITE_FOLDER") or tempfile.mkdtemp(prefix="django-site-")
    settings.configure(
        DEBUG=False,
        SECRET_KEY=ENV.get("SECRET_KEY", "a secret that Node has to know as well"),
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="__main__",
        USE_TZ=not flag("NAIVE"),
        TIME_ZONE=ENV.get("TIME_ZONE", "UTC"),
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(folder, "site.sqlite3"),
                "OPTIONS": {"timeout": 20},
            }
        },
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE],
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        MESSAGE_STORAGE="django.contrib.messages.storage.session.SessionStorage",
        STATIC_URL="/static/",
        LOGIN_URL="/django/",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # quick, for tests
        CSRF_USE_SESSIONS=flag("CSRF_USE_SESSIONS"),
        CACHES={"default": cache()},
        SESSION_ENGINE="django.contrib.sessions.backends." + ENV.get("SESSION_ENGINE", "cache"),
        SESSION_COOKIE_AGE=int(ENV.get("SESSION_COOKIE_AGE", "1209600")),
        SESSION_SAVE_EVERY_REQUEST=flag("SESSION_SAVE_EVERY_REQUEST"),
        SESSION_EXPIRE_AT_BROWSER_CLOSE=flag("SESSION_EXPIRE_AT_BROWSER_CLOSE"),
        LOGGING_CONFIG=None,
    )


urlpatterns = []  # filled below, once Django is set up


def routes():
    from django.contrib import admin, messages
    from django.contrib.auth import authenticate, get_user_model, login, logout
    from django.contrib.auth.views import LoginView
    from django.contrib.staticfiles.views import serve
    from django.http import JsonResponse
    from django.shortcuts import redirect
    from django.urls import path, re_path
    from django.views.decorators.csrf import csrf_exempt
    from django.views.decorators.http import require_POST

    def state(request):
        """The session as Python sees it, each value by its repr, so that types can be told."""
        session = request.session
        name = request.user.get_username()
        return JsonResponse(
            {
                "user": name or None,
                "key": session.session_key,
                "data": {key: repr(value) for key, value in session.items()},
                "expiryAge": session.get_expiry_age(),
                "atBrowserClose": session.get_expire_at_browser_close(),
                "hash": request.user.get_session_auth_hash() if name else None,
            }
        )

    def api(view):
        def wrapped(request):
            answer = view(request, json.loads(request.body or b"{}"))
            return answer or state(request)

        return csrf_exempt(wrapped)

    def log_in(request, data):
        user = authenticate(request, **data)
        if user is None:
            return JsonResponse({"error": "bad credentials"}, status=401)
        login(request, user)

    def put(request, data):
        request.session.update(data)

    def put_deep(request, data):
        """What Django does not notice by itself."""
        request.session["cart"]["apples"] = data["apples"]
        request.session.modified = data["modified"]

    def put_types(request, data):
        request.session["types"] = {
            "tuple": (1, "a"),
            "set": {3},
            "bytes": b"\x00\xff",
            "when": datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc),
            "big": 2**70,
            "float": 1.0,
        }

    def expire(request, data):
        if "date" in data:
            when = datetime.datetime.fromisoformat(data["date"])
        elif "days" in data:
            when = datetime.timedelta(days=data["days"])
        else:
            when = data["seconds"]
        request.session.set_expiry(when)

    def change_password(request, data):
        request.user.set_password(data["password"])
        request.user.save()

    def crash(request, data):
        request.session["crashed"] = True
        return JsonResponse({}, status=500)

    def notify(request, data):
        messages.success(request, data["text"], extra_tags=data.get("tags", ""))

    def shown(request, data):
        return JsonResponse({"messages": [[m.level, m.message, m.tags] for m in messages.get_messages(request)]})

    def column(request):
        return JsonResponse({"password": get_user_model().objects.get(username=request.GET["user"]).password})

    @require_POST
    def leave(request):
        logout(request)
        return redirect("/")

    urlpatterns[:] = [
        path("django/", LoginView.as_view(template_name="login.html")),
        path("django/leave", leave),
        path("admin/", admin.site.urls),
        re_path(r"^static/(?P<path>.*)$", serve, {"insecure": True}),
    ]
    # What tests ask for, and nobody else may.
    for_tests = [
        path("django/api/session", state),
        path("django/api/anonymous", lambda request: JsonResponse({})),
        path("django/api/login", api(log_in)),
        path("django/api/logout", api(lambda request, data: logout(request))),
        path("django/api/flush", api(lambda request, data: request.session.flush())),
        path("django/api/cycle", api(lambda request, data: request.session.cycle_key())),
        path("django/api/clear", api(lambda request, data: request.session.clear())),
        path("django/api/put", api(put)),
        path("django/api/put-deep", api(put_deep)),
        path("django/api/put-types", api(put_types)),
        path("django/api/expire", api(expire)),
        path("django/api/password", api(change_password)),
        path("django/api/column", column),
        path("django/api/crash", api(crash)),
        path("django/api/notify", api(notify)),
        path("django/api/shown", api(shown)),
    ]
    if flag("TEST_API"):
        urlpatterns.extend(for_tests)
    # LoginView goes there after a log-in.
    settings.LOGIN_REDIRECT_URL = "/"


def serve_until_told():
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Handler(WSGIRequestHandler):
        disable_nagle_algorithm = True  # else keep-alive costs 40 ms a request

        def log_message(self, *args):
            pass

    host = ENV.get("HOST", "127.0.0.1")
    server = ThreadedWSGIServer((host, int(ENV.get("PORT", "8000"))), Handler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())

    def stop(*_):
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"READY http://{host}:{server.server_address[1]}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    configure()
    os.environ["TZ"] = settings.TIME_ZONE  # as Django does for a module of settings
    time.tzset()
    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    routes()
    if not get_user_model().objects.exists():
        for user, is_boss in (("alice", True), ("bob", False)):
            get_user_model().objects.create_user(user, password="wonderland", is_staff=is_boss, is_superuser=is_boss)
    serve_until_told()
