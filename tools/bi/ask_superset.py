"""Imports the bundle into a Superset of its own and asks every chart by Superset's API;
then every metric of every dataset, compared with psycopg2's answer to the same SQL.

    ask_superset.py BUNDLE FOLDER

BUNDLE is deploy/superset. FOLDER is where Superset keeps its own database and what it
is set to. The warehouse is that of libpq's variables.
"""

import io
import math
import os
import pathlib
import re
import secrets
import sys
import zipfile

# Charts of what the demo has nothing of.
EMPTY = {"Backfills under way", "Call quality", "Sessions that are not complete", "Why records were set aside"}

SETTINGS = """SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = {own!r}
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
"""


def zipped(bundle, address):
    """The bundle as a file to import, with the address of the warehouse."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(pathlib.Path(bundle).rglob("*.yaml")):
            text = path.read_text()
            if path.parent.name == "databases":
                text, n = re.subn(r"sqlalchemy_uri: .*", f"sqlalchemy_uri: {address}", text)
                if n != 1:
                    sys.exit(f"{path} has {n} addresses")
            archive.writestr(str(pathlib.Path("rollcall") / path.relative_to(bundle)), text)
    out.seek(0)
    return out


def start(folder):
    """A Superset with one user, and its client."""
    folder = pathlib.Path(folder)
    settings = folder / "superset_config.py"
    settings.write_text(SETTINGS.format(key=secrets.token_hex(32), own=f"sqlite:///{folder}/own.db"))
    os.environ["SUPERSET_CONFIG_PATH"] = str(settings)
    from flask_migrate import upgrade
    from superset.app import create_app
    from superset.extensions import security_manager

    app = create_app()
    with app.app_context():
        upgrade()
        security_manager.sync_role_definitions()
        password = secrets.token_hex(16)
        security_manager.add_user("asker", "A", "B", "asker@example.org", security_manager.find_role("Admin"), password=password)
    client = app.test_client()
    login = client.post("/api/v1/security/login", json={"username": "asker", "password": password, "provider": "db"})
    return client, {"Authorization": "Bearer " + login.get_json()["access_token"]}


def answered(name, response):
    if response.status_code != 200:
        sys.exit(f"{name}: status {response.status_code}: {response.get_data(as_text=True)[:2000]}")
    return response.get_json()


def charts(client, headers):
    listed = answered("the charts", client.get("/api/v1/chart/?q=(page_size:100)", headers=headers))["result"]
    for chart in listed:
        name = chart["slice_name"]
        answer = answered(name, client.get(f"/api/v1/chart/{chart['id']}/data/", headers=headers))["result"][0]
        if answer["rowcount"] == 0 and name not in EMPTY:
            sys.exit(f"{name}: no rows")
    return {chart["slice_name"] for chart in listed}


def metrics(client, headers, connection):
    count = 0
    listed = answered("the datasets", client.get("/api/v1/dataset/?q=(page_size:100)", headers=headers))["result"]
    for d in listed:
        found = answered(d["table_name"], client.get(f"/api/v1/dataset/{d['id']}", headers=headers))["result"]
        source = f"({found['sql']}) AS q" if found["sql"] else f"{found['schema']}.{found['table_name']}"
        for metric in found["metrics"]:
            name = f"{d['table_name']}, {metric['metric_name']}"
            body = {"datasource": {"id": d["id"], "type": "table"}, "queries": [{"columns": [], "metrics": [metric["metric_name"]]}]}
            got = answered(name, client.post("/api/v1/chart/data", json=body, headers=headers))["result"][0]["data"][0]
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {metric['expression']} FROM {source}")
                (want,) = cursor.fetchone()
            value = got[metric["metric_name"]]
            if (want is None) != (value is None) or want is not None and not math.isclose(float(want), value, rel_tol=1e-12):
                sys.exit(f"{name}: {value}, want {want}")
            count += 1
    return len(listed), count


def main(bundle, folder):
    address = "postgresql+psycopg2://{PGUSER}:{PGPASSWORD}@{PGHOST}:{PGPORT}/{PGDATABASE}".format(**os.environ)
    client, headers = start(folder)
    form = {"formData": (zipped(bundle, address), "rollcall.zip")}
    answered("the import", client.post("/api/v1/dashboard/import/", data=form, headers=headers))
    asked = charts(client, headers)
    wanted = {re.search(r"^slice_name: (.*)$", p.read_text(), re.M)[1].strip("'\"").replace("''", "'") for p in pathlib.Path(bundle).glob("charts/*.yaml")}
    if asked != wanted:
        sys.exit(f"the charts are {sorted(asked ^ wanted)} more or less than in {bundle}")
    import psycopg2

    connection = psycopg2.connect(options="-c timezone=UTC")
    connection.set_session(readonly=True, autocommit=True)
    datasets, count = metrics(client, headers, connection)
    print(f"{len(asked)} charts answered by Superset's API; {count} metrics of {datasets} datasets the same as by SQL")


if __name__ == "__main__":
    main(*sys.argv[1:])
